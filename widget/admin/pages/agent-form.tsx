import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../kit/i18n";
import { api, ask, Button, FormDialog, SelectField, TextField, toast } from "../../kit/ui";
import { me, type Person } from "../data";
import { useDraft } from "../draft";

const roles = ["trainee", "agent", "senior", "supervisor", "editor", "admin", "auditor"];
export const fresh: Person = {
	id: "",
	name: "",
	role: "agent",
	email: "",
	capacity: 3,
	active: 0,
	chosen: false,
	version: 0,
};
async function store(p: Person): Promise<Person> {
	const { id, email, name, role, capacity, disabled, tags = [], languages = [], version } = p;
	const body = { email, name, role, capacity, disabled: !!disabled, tags, languages, version };
	const path = id ? `/v1/agents/${id}` : "/v1/agents";
	return (await api<{ agent: Person }>(id ? "PUT" : "POST", path, body)).agent;
}

type WordsProps = { label: string; hint: string; value?: string[]; error?: string; onChange(list: string[]): void };
/** A list of words, with commas between them; what is being typed stays as it is. */
function Words({ label, hint, value = [], error, onChange }: WordsProps): JSX.Element {
	const [text, setText] = useState(value.join(", "));
	return (
		<TextField
			label={label}
			hint={hint}
			value={text}
			dir="auto"
			maxLength={400}
			error={error}
			onInput={(e) => {
				setText(e.currentTarget.value);
				onChange(e.currentTarget.value.split(",").flatMap((v) => v.trim() || []));
			}}
		/>
	);
}

type Props = { old: Person; onClose(): void; onSaved(p: Person): void };
/** Invites somebody, or changes name, address, role and chats at once; disables and enables again. */
export function AgentForm({ old, onClose, onSaved }: Props): JSX.Element {
	const d = useDraft(old, onClose);
	const p = d.now;
	const self = p.id !== "" && p.id === me.value?.id;
	const save = (next: Person) =>
		d.run(async () => {
			const agent = await store(next);
			toast(t("a.saved"), "ok");
			onSaved(agent);
		});
	const disable = async () => {
		const title = t("a.agents.disable.title", { name: p.name });
		const sure = { title, text: t("a.agents.disable.text"), action: t("a.agents.disable"), stop: true };
		if (p.disabled || (await ask(sure))) await save({ ...old, disabled: !p.disabled });
	};
	return (
		<FormDialog
			title={p.id ? t("a.agents.edit", { name: old.name }) : t("a.agents.invite")}
			submit={t(p.id ? "a.save" : "a.agents.create")}
			busy={d.busy}
			off={d.changed ? false : t("ui.unchanged")}
			error={d.rest("name", "email", "role", "capacity", "tags", "languages")}
			more={
				p.id &&
				!self && (
					<Button look={p.disabled ? "plain" : "stop"} onClick={() => void disable()}>
						{t(p.disabled ? "a.agents.enable" : "a.agents.disable")}
					</Button>
				)
			}
			onSubmit={() => void save(p)}
			onClose={() => void d.close()}
		>
			<TextField
				label={t("a.name")}
				hint={t("a.agents.name.hint")}
				value={p.name}
				error={d.at("name")}
				data-first
				onInput={(e) => d.put({ name: e.currentTarget.value })}
			/>
			<TextField
				label={t("a.email")}
				type="email"
				value={p.email ?? ""}
				error={d.at("email")}
				dir="ltr"
				onInput={(e) => d.put({ email: e.currentTarget.value })}
			/>
			<SelectField
				label={t("a.role")}
				hint={self ? t("a.agents.self") : t(`a.role.${p.role}.hint`)}
				value={p.role}
				error={d.at("role")}
				options={roles.map((r) => ({ value: r, label: t(`role.${r}`), off: self && r !== p.role }))}
				onPick={(role) => d.put({ role })}
			/>
			<TextField
				label={t("a.agents.capacity.label")}
				hint={t("a.agents.capacity.hint")}
				type="number"
				min={1}
				max={50}
				value={p.capacity}
				error={d.at("capacity")}
				onInput={(e) => d.put({ capacity: Math.round(e.currentTarget.valueAsNumber) || 0 })}
			/>
			<Words
				label={t("a.agents.tags")}
				hint={t("a.agents.tags.hint")}
				value={p.tags}
				error={d.at("tags")}
				onChange={(tags) => d.put({ tags })}
			/>
			<Words
				label={t("a.agents.languages")}
				hint={t("a.agents.languages.hint")}
				value={p.languages}
				error={d.at("languages")}
				onChange={(languages) => d.put({ languages })}
			/>
		</FormDialog>
	);
}
