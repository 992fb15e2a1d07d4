import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../kit/i18n";
import { api, Button, IconButton, SelectField, TextField, toast } from "../../kit/ui";
import { type TicketType, type Types, useLoad, wrong } from "../data";
import { Head, Loaded, Part, SaveBar } from "../parts";

const roles = ["trainee", "agent", "senior", "supervisor"];
const MOST = 30;

/** What conversations are about, and the lowest role that may claim one or be given it (P80). */
export function TypesPage(): JSX.Element {
	const all = useLoad<Types>("/v1/types");
	return (
		<>
			<Head title={t("a.types")} hint={t("a.types.hint")} />
			<Loaded from={all}>{(d) => <List key={d.mark} data={d} reload={all.reload} />}</Loaded>
		</>
	);
}

/** An id that nobody has yet, from a name. */
function idOf(name: string, taken: string[]): string {
	const plain = name
		.toLowerCase()
		.replace(/[^a-z0-9]+/g, "-")
		.replace(/^-+|-+$/g, "")
		.slice(0, 30);
	let id = plain || "type";
	for (let n = 2; taken.includes(id); n++) id = `${plain || "type"}-${n}`;
	return id;
}
function List({ data, reload }: { data: Types; reload(): Promise<void> }): JSX.Element {
	const [list, setList] = useState(data.types);
	const [busy, setBusy] = useState(false);
	const [bad, setBad] = useState("");
	const put = (n: number, part: Partial<TicketType>) => setList(list.map((x, i) => (i === n ? { ...x, ...part } : x)));
	const changed = JSON.stringify(list) !== JSON.stringify(data.types);
	const save = async () => {
		setBusy(true);
		setBad("");
		const kept = list.filter((x) => x.id);
		const taken = kept.map((x) => x.id);
		const whole = list.map((x) => {
			const id = x.id || idOf(x.name, taken);
			taken.push(id);
			return { ...x, id, name: x.name.trim() };
		});
		try {
			await api("PUT", "/v1/types", { types: whole, mark: data.mark });
			toast(t("a.saved"), "ok");
			await reload();
		} catch (e) {
			setBad(wrong(e).text);
		}
		setBusy(false);
	};
	return (
		<Part title={t("a.types.list")} hint={t("a.types.list.hint")}>
			{list.map((x, n) => (
				<div class="question" key={x.id || `new ${n}`}>
					<TextField
						label={t("a.types.name", { n: n + 1 })}
						value={x.name}
						maxLength={80}
						dir="auto"
						onInput={(e) => put(n, { name: e.currentTarget.value })}
					/>
					<SelectField
						label={t("a.types.role")}
						value={x.role}
						options={roles.map((r) => ({ value: r, label: t("a.types.from", { role: t(`role.${r}`) }) }))}
						onPick={(role) => put(n, { role })}
					/>
					<IconButton
						icon="trash"
						label={t("a.remove", { what: x.name || t("a.types.name", { n: n + 1 }) })}
						onClick={() => setList(list.filter((_, i) => i !== n))}
					/>
				</div>
			))}
			<div>
				<Button
					icon="plus"
					off={list.length >= MOST ? t("a.types.full") : false}
					onClick={() => setList([...list, { id: "", name: "", role: "trainee" }])}
				>
					{t("a.types.add")}
				</Button>
			</div>
			<SaveBar
				changed={changed}
				busy={busy}
				wrong={bad}
				onSave={() => void save()}
				onReset={() => setList(data.types)}
			/>
		</Part>
	);
}
