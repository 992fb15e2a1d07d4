import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../kit/i18n";
import { api, Badge, Button, Empty, FormDialog, SelectField, TextField, toast } from "../../kit/ui";
import { type Box, type TicketType, type Types, useLoad, type Wrong, wrong } from "../data";
import { useDraft } from "../draft";
import { Head, Loaded, Part, RowActs, Table } from "../parts";

const lists = ["class", "status", "email", "page", "locale", "words"] as const;
type ListName = (typeof lists)[number];
type Rule = Partial<Record<ListName, string[]>> & {
	name: string;
	channel?: string[];
	mailbox?: string;
	priority?: number;
	type?: string;
};
type Data = { rules: Rule[]; mark: string };
const classes = ["1", "2", "3"];

/** The ordered rules that choose a mailbox and a class, and the box that tells which one fires. */
export function RulesPage(): JSX.Element {
	const all = useLoad<Data>("/v1/rules");
	const boxes = useLoad<{ mailboxes: Box[] }>("/v1/mailboxes");
	const types = useLoad<Types>("/v1/types");
	return (
		<>
			<Head title={t("a.rules")} hint={t("a.rules.hint")} />
			<Loaded from={types}>
				{(k) => (
					<Loaded from={boxes}>
						{(b) => (
							<Loaded from={all}>
								{(d) => <Rules data={d} boxes={b.mailboxes} types={k.types} reload={all.reload} />}
							</Loaded>
						)}
					</Loaded>
				)}
			</Loaded>
		</>
	);
}

type RulesProps = { data: Data; boxes: Box[]; types: TicketType[]; reload(): Promise<void> };
function Rules({ data, boxes, types, reload }: RulesProps): JSX.Element {
	const [edit, setEdit] = useState<number>();
	const [fired, setFired] = useState<number>();
	const { rules } = data;
	const store = async (next: Rule[]) => {
		await api("PUT", "/v1/rules", { rules: next, mark: data.mark });
		setFired(undefined);
		await reload();
	};
	const change = (next: Rule[]) => {
		store(next).catch(async (e) => {
			toast(wrong(e).text, "stop");
			await reload();
		});
	};
	const up = (i: number) => {
		const next = [...rules];
		next.splice(i - 1, 0, ...next.splice(i, 1));
		change(next);
	};
	return (
		<>
			{rules.length ? (
				<Table
					label={t("a.rules")}
					rows={rules.map((rule, i) => ({ rule, i }))}
					id={({ i }) => `${i}`}
					columns={[
						{ id: "order", label: t("a.rules.order"), cell: ({ i }) => i + 1 },
						{
							id: "name",
							label: t("a.name"),
							cell: ({ rule, i }) => (
								<>
									<bdi>{rule.name}</bdi>{" "}
									{fired === i && (
										<Badge tone="ok" icon="check">
											{t("a.rules.fires")}
										</Badge>
									)}
								</>
							),
						},
						{ id: "when", label: t("a.rules.when"), grow: true, cell: ({ rule }) => <When rule={rule} /> },
						{ id: "then", label: t("a.rules.then"), cell: ({ rule }) => then(rule, boxes, types) },
						{
							id: "acts",
							label: t("a.actions"),
							cell: ({ rule, i }) => (
								<>
									{i > 0 && (
										<Button look="quiet" onClick={() => up(i)} aria-label={`${t("a.rules.up")}: ${rule.name}`}>
											{t("a.rules.up")}
										</Button>
									)}
									<RowActs
										what={rule.name}
										onEdit={() => setEdit(i)}
										onDelete={() => change(rules.filter((_, n) => n !== i))}
									/>
								</>
							),
						},
					]}
				/>
			) : (
				<Empty icon="list" title={t("a.rules.none")}>
					<p>{t("a.rules.none.text")}</p>
				</Empty>
			)}
			<div>
				<Button look="main" icon="plus" onClick={() => setEdit(rules.length)}>
					{t("a.rules.new")}
				</Button>
			</div>
			<TestBox boxes={boxes} types={types} rules={rules} onFired={setFired} />
			{edit !== undefined && (
				<Edit
					old={rules[edit] ?? { name: "" }}
					boxes={boxes}
					types={types}
					onClose={() => setEdit(undefined)}
					onSave={async (rule) => {
						await store([...rules.slice(0, edit), rule, ...rules.slice(edit + 1)]);
						toast(t("a.saved"), "ok");
						setEdit(undefined);
					}}
				/>
			)}
		</>
	);
}
function When({ rule }: { rule: Rule }): JSX.Element {
	const all = [...lists, "channel" as const].filter((k) => rule[k]?.length);
	if (!all.length) return <>{t("a.rules.always")}</>;
	return (
		<ul class="plain-list">
			{all.map((k) => (
				<li key={k}>
					{t(`a.rules.${k}`)}:{" "}
					<bdi>{(rule[k] ?? []).map((v) => (k === "channel" ? t(`a.rules.by.${v}`) : v)).join(", ")}</bdi>
				</li>
			))}
		</ul>
	);
}
const typeName = (types: TicketType[], id: string | undefined): string =>
	types.find((k) => k.id === id)?.name ?? id ?? "";
function then(rule: Rule, boxes: Box[], types: TicketType[]): string {
	const box = boxes.find((b) => b.id === rule.mailbox)?.name;
	const words = [box, rule.priority && t(`a.priority.${rule.priority}`), typeName(types, rule.type)];
	return words.filter(Boolean).join(" · ");
}

const split = (text: string) => text.split(/[,\n]/).flatMap((v) => v.trim() || []);
type EditProps = { old: Rule; boxes: Box[]; types: TicketType[]; onClose(): void; onSave(rule: Rule): Promise<void> };
function Edit({ old, boxes, types, onClose, onSave }: EditProps): JSX.Element {
	const texts = Object.fromEntries(lists.map((k) => [k, (old[k] ?? []).join(", ")])) as Record<ListName, string>;
	const first = {
		name: old.name,
		channel: old.channel?.[0] ?? "",
		mailbox: old.mailbox ?? "",
		priority: `${old.priority ?? 0}`,
		type: old.type ?? "",
	};
	const d = useDraft({ ...texts, ...first }, onClose);
	const save = () =>
		void d.run(() => {
			const { name, channel, mailbox, priority, type } = d.now;
			const by = channel ? [channel] : [];
			const rule: Rule = { name: name.trim(), mailbox, priority: Number(priority), type, channel: by };
			for (const k of lists) rule[k] = split(d.now[k]);
			return onSave(rule);
		});
	return (
		<FormDialog
			title={t(old.name ? "a.rules.edit" : "a.rules.new")}
			submit={t("a.save")}
			busy={d.busy}
			error={d.rest("name", "mailbox", "type", ...lists)}
			onSubmit={save}
			onClose={() => void d.close()}
		>
			<TextField
				label={t("a.name")}
				value={d.now.name}
				dir="auto"
				maxLength={100}
				error={d.at("name")}
				data-first
				onInput={(e) => d.put({ name: e.currentTarget.value })}
			/>
			{lists.map((k) => (
				<TextField
					key={k}
					label={t(`a.rules.${k}`)}
					hint={t(`a.rules.${k}.hint`)}
					value={d.now[k]}
					dir={k === "words" ? "auto" : "ltr"}
					error={d.at(k)}
					onInput={(e) => d.put({ [k]: e.currentTarget.value })}
				/>
			))}
			<Channel any value={d.now.channel} onPick={(channel) => d.put({ channel })} />
			<SelectField
				label={t("a.rules.mailbox")}
				value={d.now.mailbox}
				error={d.at("mailbox")}
				options={[{ value: "", label: t("a.rules.stays") }, ...boxes.map((b) => ({ value: b.id, label: b.name }))]}
				onPick={(mailbox) => d.put({ mailbox })}
			/>
			<SelectField
				label={t("a.priority")}
				hint={`${d.now.priority === "0" ? "" : `${t(`a.priority.${d.now.priority}.means`)} `}${t("a.priority.hint")}`}
				value={d.now.priority}
				options={[
					{ value: "0", label: t("a.rules.stays") },
					...classes.map((c) => ({ value: c, label: t(`a.priority.${c}`) })),
				]}
				onPick={(priority) => d.put({ priority })}
			/>
			<SelectField
				label={t("a.rules.type")}
				hint={t("a.rules.type.hint")}
				value={d.now.type}
				error={d.at("type")}
				options={[{ value: "", label: t("a.rules.type.none") }, ...types.map((k) => ({ value: k.id, label: k.name }))]}
				onPick={(type) => d.put({ type })}
			/>
		</FormDialog>
	);
}
function Channel({ value, any, onPick }: { value: string; any?: boolean; onPick(v: string): void }): JSX.Element {
	const options = ["chat", "email"].map((v) => ({ value: v, label: t(`a.rules.by.${v}`) }));
	if (any) options.unshift({ value: "", label: t("a.all") });
	return <SelectField label={t("a.rules.channel")} value={value} options={options} onPick={onPick} />;
}

const tried = ["class", "status", "email", "page", "locale", "text"] as const;
type BoxProps = { boxes: Box[]; types: TicketType[]; rules: Rule[]; onFired(i: number | undefined): void };
type Fired = { rule?: number; mailbox: string; priority: number; type: string };
/** Makes up a conversation and tells where it would wait. */
function TestBox({ boxes, types, rules, onFired }: BoxProps): JSX.Element {
	const [now, set] = useState({ class: "", status: "", email: "", page: "", locale: "", text: "" });
	const [channel, setChannel] = useState("chat");
	const [mailbox, setMailbox] = useState(boxes[0]?.id ?? "");
	const [got, setGot] = useState<Fired>();
	const [bad, setBad] = useState<Wrong>();
	const run = async () => {
		try {
			const f = await api<Fired>("POST", "/v1/rules/test", { ...now, channel, mailbox });
			setGot(f);
			onFired(f.rule);
			setBad(undefined);
		} catch (e) {
			setBad(wrong(e));
			setGot(undefined);
		}
	};
	return (
		<Part title={t("a.rules.test")} hint={t("a.rules.test.hint")}>
			<form
				class="form asks"
				onSubmit={(e) => {
					e.preventDefault();
					void run();
				}}
			>
				<SelectField
					label={t("a.mailbox")}
					value={mailbox}
					options={boxes.map((b) => ({ value: b.id, label: b.name }))}
					onPick={setMailbox}
				/>
				<Channel value={channel} onPick={setChannel} />
				{tried.map((k) => (
					<TextField
						key={k}
						label={t(k === "text" ? "a.rules.text" : `a.rules.${k}`)}
						value={now[k]}
						dir={k === "text" ? "auto" : "ltr"}
						onInput={(e) => set({ ...now, [k]: e.currentTarget.value })}
					/>
				))}
				<div class="asks-go">
					<Button type="submit">{t("a.rules.try")}</Button>
				</div>
			</form>
			<p role="status">
				{got && (
					<Badge tone={got.rule === undefined ? "plain" : "ok"} icon={got.rule === undefined ? undefined : "check"}>
						{t(got.rule === undefined ? "a.rules.fired.none" : "a.rules.fired", {
							rule: rules[got.rule ?? -1]?.name ?? "",
							mailbox: boxes.find((b) => b.id === got.mailbox)?.name ?? "",
							priority: t(`a.priority.${got.priority}`),
						})}
					</Badge>
				)}
				{got?.type && (
					<>
						{" "}
						<Badge icon="ticket">{typeName(types, got.type)}</Badge>
					</>
				)}
			</p>
			<p class="error" role="alert">
				{bad?.text}
			</p>
		</Part>
	);
}
