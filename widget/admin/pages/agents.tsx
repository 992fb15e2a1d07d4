import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../kit/i18n";
import { exact } from "../../kit/time";
import { Avatar, api, Badge, Button, Dialog, SelectField, TextField, toast } from "../../kit/ui";
import { type Box, me, type Person, useLoad, type Wrong, wrong } from "../data";
import { ask } from "../guard";
import { Copy, Head, Loaded, Table } from "../parts";

const roles = ["trainee", "agent", "senior", "supervisor", "editor", "admin", "auditor"];
type Link = { url: string; until: number; name: string };

/** Everybody who can sign in, and with what rights. */
export function AgentsPage(): JSX.Element {
	const people = useLoad<{ agents: Person[] }>("/v1/agents");
	const boxes = useLoad<{ mailboxes: Box[] }>("/v1/mailboxes");
	const [edit, setEdit] = useState<Person>();
	const [link, setLink] = useState<Link>();
	const invite = () =>
		setEdit({ id: "", name: "", role: "agent", email: "", capacity: 3, active: 0, chosen: false, version: 0 });
	const newLink = async (p: Person) => {
		try {
			setLink({ ...(await api<Link>("POST", `/v1/agents/${p.id}/link`, {})), name: p.name });
		} catch (e) {
			toast(wrong(e).text, "stop");
		}
	};
	return (
		<>
			<Head title={t("a.agents")} hint={t("a.agents.hint")}>
				<Button look="main" icon="plus" onClick={invite}>
					{t("a.agents.invite")}
				</Button>
			</Head>
			<Loaded from={people}>
				{(d) => (
					<Table
						label={t("a.agents")}
						rows={d.agents}
						id={(p) => p.id}
						dim={(p) => !!p.disabled}
						columns={[
							{ id: "name", label: t("a.name"), grow: true, cell: (p) => <Name p={p} /> },
							{ id: "role", label: t("a.role"), cell: (p) => t(`a.role.${p.role}`) },
							{ id: "boxes", label: t("a.mailboxes"), cell: (p) => where(p, boxes.data?.mailboxes ?? []) },
							{
								id: "capacity",
								label: t("a.agents.capacity"),
								cell: (p) => t("a.seats", { active: p.active, capacity: p.capacity }),
							},
							{ id: "state", label: t("a.state"), cell: (p) => <State p={p} /> },
							{
								id: "acts",
								label: t("a.actions"),
								cell: (p) => (
									<span class="acts">
										<Button look="quiet" onClick={() => setEdit(p)} aria-label={`${t("a.edit")}: ${p.name}`}>
											{t("a.edit")}
										</Button>
										{!p.disabled && (
											<Button
												look="quiet"
												onClick={() => void newLink(p)}
												aria-label={`${t("a.agents.link")}: ${p.name}`}
											>
												{t("a.agents.link")}
											</Button>
										)}
									</span>
								),
							},
						]}
					/>
				)}
			</Loaded>
			{edit && (
				<Edit
					key={edit.id}
					old={edit}
					onClose={() => setEdit(undefined)}
					onSaved={(p) => {
						setEdit(undefined);
						void people.reload();
						if (!edit.id) void newLink(p);
					}}
				/>
			)}
			{link && <LinkShown link={link} onClose={() => setLink(undefined)} />}
		</>
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
		<Dialog title={t("a.agents.link.title", { name: link.name })} close={t("a.close")} onClose={onClose}>
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

type EditProps = { old: Person; onClose(): void; onSaved(p: Person): void };
function Edit({ old, onClose, onSaved }: EditProps): JSX.Element {
	const [p, setP] = useState(old);
	const [bad, setBad] = useState<Wrong>();
	const [busy, setBusy] = useState(false);
	const self = p.id !== "" && p.id === me.value?.id;
	const changed = JSON.stringify(p) !== JSON.stringify(old);
	const put = (part: Partial<Person>) => setP({ ...p, ...part });
	const err = (f: string) => (bad?.field === f ? bad.text : undefined);
	const close = async () => {
		if (
			!changed ||
			(await ask({ title: t("a.leave.title"), text: t("a.leave.text"), action: t("a.leave.discard"), stop: true }))
		)
			onClose();
	};
	const save = async (next: Person) => {
		setBusy(true);
		const body = {
			email: next.email,
			name: next.name,
			role: next.role,
			capacity: next.capacity,
			disabled: !!next.disabled,
			version: next.version,
		};
		try {
			const { agent } = await api<{ agent: Person }>(
				p.id ? "PUT" : "POST",
				p.id ? `/v1/agents/${p.id}` : "/v1/agents",
				body,
			);
			toast(t("a.saved"), "ok");
			onSaved(agent);
		} catch (e) {
			setBad(wrong(e));
			setBusy(false);
		}
	};
	const disable = async () => {
		const off = !p.disabled;
		if (
			off &&
			!(await ask({
				title: t("a.agents.disable.title", { name: p.name }),
				text: t("a.agents.disable.text"),
				action: t("a.agents.disable"),
				stop: true,
			}))
		)
			return;
		await save({ ...old, disabled: off });
	};
	return (
		<Dialog
			title={p.id ? t("a.agents.edit", { name: old.name }) : t("a.agents.invite")}
			close={t("a.close")}
			onClose={() => void close()}
		>
			<form
				class="form"
				onSubmit={(e) => {
					e.preventDefault();
					void save(p);
				}}
			>
				<TextField
					label={t("a.name")}
					hint={t("a.agents.name.hint")}
					value={p.name}
					error={err("name")}
					data-first
					onInput={(e) => put({ name: e.currentTarget.value })}
				/>
				<TextField
					label={t("a.email")}
					type="email"
					value={p.email ?? ""}
					error={err("email")}
					dir="ltr"
					onInput={(e) => put({ email: e.currentTarget.value })}
				/>
				<SelectField
					label={t("a.role")}
					hint={self ? t("a.agents.self") : t(`a.role.${p.role}.hint`)}
					value={p.role}
					error={err("role")}
					options={roles.map((r) => ({ value: r, label: t(`a.role.${r}`), off: self && r !== p.role }))}
					onPick={(role) => put({ role })}
				/>
				<TextField
					label={t("a.agents.capacity.label")}
					hint={t("a.agents.capacity.hint")}
					type="number"
					min={1}
					max={50}
					value={p.capacity}
					error={err("capacity")}
					onInput={(e) => put({ capacity: Math.round(e.currentTarget.valueAsNumber) || 0 })}
				/>
				<p class="error" role="alert">
					{bad && !["name", "email", "role", "capacity"].includes(bad.field ?? "") ? bad.text : ""}
				</p>
				<div class="actions">
					{p.id && !self && (
						<Button look={p.disabled ? "plain" : "stop"} onClick={() => void disable()}>
							{t(p.disabled ? "a.agents.enable" : "a.agents.disable")}
						</Button>
					)}
					<span class="grow" />
					<Button onClick={() => void close()}>{t("a.cancel")}</Button>
					<Button look="main" type="submit" busy={busy} off={changed ? false : t("a.unchanged")}>
						{p.id ? t("a.save") : t("a.agents.create")}
					</Button>
				</div>
			</form>
		</Dialog>
	);
}
