import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../kit/i18n";
import { exact } from "../../kit/time";
import { Avatar, api, Badge, Button, Dialog, toast } from "../../kit/ui";
import { type Box, type Person, useLoad, wrong } from "../data";
import { Copy, Head, Loaded, Table } from "../parts";
import { AgentForm, fresh } from "./agent-form";

type Link = { url: string; until: number; name: string };

/** Everybody who can sign in, and with what rights. */
export function AgentsPage(): JSX.Element {
	const people = useLoad<{ agents: Person[] }>("/v1/agents");
	const boxes = useLoad<{ mailboxes: Box[] }>("/v1/mailboxes");
	const [edit, setEdit] = useState<Person>();
	const [link, setLink] = useState<Link>();
	const newLink = async (p: Person) => {
		try {
			setLink({ ...(await api<Link>("POST", `/v1/agents/${p.id}/link`, {})), name: p.name });
		} catch (e) {
			toast(wrong(e).text, "stop");
		}
	};
	const saved = (p: Person) => {
		const first = !edit?.id;
		setEdit(undefined);
		void people.reload();
		if (first) void newLink(p);
	};
	return (
		<>
			<Head title={t("a.agents")} hint={t("a.agents.hint")}>
				<Button look="main" icon="plus" onClick={() => setEdit(fresh)}>
					{t("a.agents.invite")}
				</Button>
			</Head>
			<Loaded from={people}>
				{(d) => (
					<List
						people={d.agents}
						boxes={boxes.data?.mailboxes ?? []}
						onEdit={setEdit}
						onLink={(p) => void newLink(p)}
					/>
				)}
			</Loaded>
			{edit && <AgentForm key={edit.id} old={edit} onClose={() => setEdit(undefined)} onSaved={saved} />}
			{link && <LinkShown link={link} onClose={() => setLink(undefined)} />}
		</>
	);
}
type ListProps = { people: Person[]; boxes: Box[]; onEdit(p: Person): void; onLink(p: Person): void };
function List({ people, boxes, onEdit, onLink }: ListProps): JSX.Element {
	return (
		<Table
			label={t("a.agents")}
			rows={people}
			id={(p) => p.id}
			dim={(p) => !!p.disabled}
			columns={[
				{ id: "name", label: t("a.name"), grow: true, cell: (p) => <Name p={p} /> },
				{ id: "role", label: t("a.role"), cell: (p) => t(`role.${p.role}`) },
				{ id: "boxes", label: t("a.mailboxes"), cell: (p) => where(p, boxes) },
				{
					id: "capacity",
					label: t("a.agents.capacity"),
					cell: (p) => t("a.seats", { active: p.active, capacity: p.capacity }),
				},
				{ id: "state", label: t("a.state"), cell: (p) => <State p={p} /> },
				{
					id: "acts",
					label: t("a.actions"),
					cell: (p) => <Acts p={p} onEdit={() => onEdit(p)} onLink={() => onLink(p)} />,
				},
			]}
		/>
	);
}
function Acts({ p, onEdit, onLink }: { p: Person; onEdit(): void; onLink(): void }): JSX.Element {
	return (
		<span class="acts">
			<Button look="quiet" onClick={onEdit} aria-label={`${t("a.edit")}: ${p.name}`}>
				{t("a.edit")}
			</Button>
			{!p.disabled && (
				<Button look="quiet" onClick={onLink} aria-label={`${t("a.agents.link")}: ${p.name}`}>
					{t("a.agents.link")}
				</Button>
			)}
		</span>
	);
}
function where(p: Person, boxes: Box[]): string {
	const names = boxes.filter((b) => b.members.includes(p.id)).map((b) => b.name);
	return names.join(" · ") || t("a.none");
}
function Name({ p }: { p: Person }): JSX.Element {
	return (
		<span class="with-avatar">
			<Avatar name={p.name} of={p.id} dot={p.disabled ? undefined : p.presence} />
			<span>
				{p.name}
				<small class="under" dir="ltr">
					{p.email}
				</small>
			</span>
		</span>
	);
}
function State({ p }: { p: Person }): JSX.Element {
	if (p.disabled)
		return (
			<Badge tone="stop" icon="lock">
				{t("a.agents.disabled")}
			</Badge>
		);
	const on = p.presence === "online" || p.presence === "idle";
	return <Badge tone={on ? "ok" : "plain"}>{t(`a.presence.${p.presence || "offline"}`)}</Badge>;
}

/** The link with which somebody sets the first password: shown now and never again. */
function LinkShown({ link, onClose }: { link: Link; onClose(): void }): JSX.Element {
	return (
		<Dialog title={t("a.agents.link.title", { name: link.name })} onClose={onClose}>
			<p>{t("a.agents.link.text", { until: exact(link.until) })}</p>
			<Copy label={t("a.agents.link.label")} text={link.url} rows={3} />
			<div class="actions">
				<Button look="main" onClick={onClose}>
					{t("a.done")}
				</Button>
			</div>
		</Dialog>
	);
}
