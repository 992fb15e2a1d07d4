import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../kit/i18n";
import { api, Button, Dialog, Empty, Field, SelectField, TextField, toast } from "../../kit/ui";
import { type Box, me, type Reply, useLoad, type Wrong, wrong } from "../data";
import { ask } from "../guard";
import { Head, Loaded, Table } from "../parts";

/** Texts that agents insert with "/". */
export function RepliesPage(): JSX.Element {
	const list = useLoad<{ replies: Reply[] }>("/v1/replies");
	const boxes = useLoad<{ mailboxes: Box[] }>("/v1/mailboxes");
	const [q, setQ] = useState("");
	const [edit, setEdit] = useState<Reply>();
	const scope = (r: Reply) =>
		r.owner
			? t("a.replies.own")
			: (boxes.data?.mailboxes.find((b) => b.id === r.mailbox)?.name ?? t("a.replies.shared"));
	const create = (
		<Button look="main" icon="plus" onClick={() => setEdit({ id: "", title: "", text: "", version: 0 })}>
			{t("a.replies.new")}
		</Button>
	);
	const drop = async (r: Reply) => {
		try {
			await api("DELETE", `/v1/replies/${r.id}`);
			await list.reload();
			const again = async () => {
				await api("POST", "/v1/replies", {
					mailbox: r.mailbox ?? "",
					owner: r.owner ?? "",
					title: r.title,
					text: r.text,
				});
				await list.reload();
			};
			toast(t("a.replies.removed", { title: r.title }), "info", { label: t("a.undo"), run: () => void again() });
		} catch (e) {
			toast(wrong(e).text, "stop");
		}
	};
	return (
		<>
			<Head title={t("a.replies")} hint={t("a.replies.hint")}>
				{list.data?.replies.length ? create : null}
			</Head>
			<Loaded from={list}>
				{(d) => {
					if (!d.replies.length)
						return (
							<Empty icon="reply" title={t("a.replies.none")}>
								<p>{t("a.replies.none.text")}</p>
								{create}
							</Empty>
						);
					const found = d.replies.filter((r) =>
						`${r.title}\n${r.text}`.toLocaleLowerCase().includes(q.toLocaleLowerCase()),
					);
					return (
						<>
							<div class="filters">
								<TextField
									label={t("a.replies.search")}
									bare
									type="search"
									placeholder={t("a.replies.search")}
									value={q}
									onInput={(e) => setQ(e.currentTarget.value)}
								/>
							</div>
							<Table
								label={t("a.replies")}
								rows={found}
								id={(r) => r.id}
								columns={[
									{
										id: "title",
										label: t("a.replies.title"),
										grow: true,
										cell: (r) => (
											<>
												<bdi>{r.title}</bdi>
												<small class="under clip">
													<bdi>{r.text}</bdi>
												</small>
											</>
										),
									},
									{ id: "scope", label: t("a.replies.scope"), cell: scope },
									{
										id: "acts",
										label: t("a.actions"),
										cell: (r) => (
											<span class="acts">
												<Button look="quiet" onClick={() => setEdit(r)} aria-label={`${t("a.edit")}: ${r.title}`}>
													{t("a.edit")}
												</Button>
												<Button look="quiet" onClick={() => void drop(r)} aria-label={`${t("a.delete")}: ${r.title}`}>
													{t("a.delete")}
												</Button>
											</span>
										),
									},
								]}
							/>
						</>
					);
				}}
			</Loaded>
			{edit && (
				<Edit
					old={edit}
					boxes={boxes.data?.mailboxes ?? []}
					onClose={() => setEdit(undefined)}
					onSaved={() => {
						setEdit(undefined);
						void list.reload();
					}}
				/>
			)}
		</>
	);
}

type EditProps = { old: Reply; boxes: Box[]; onClose(): void; onSaved(): void };
function Edit({ old, boxes, onClose, onSaved }: EditProps): JSX.Element {
	const [r, setR] = useState(old);
	const [bad, setBad] = useState<Wrong>();
	const changed = JSON.stringify(r) !== JSON.stringify(old);
	const err = (f: string) => (bad?.field === f ? bad.text : undefined);
	const scope = r.owner ? "own" : (r.mailbox ?? "");
	const close = async () => {
		if (
			!changed ||
			(await ask({ title: t("a.leave.title"), text: t("a.leave.text"), action: t("a.leave.discard"), stop: true }))
		)
			onClose();
	};
	const save = async () => {
		try {
			const body = { mailbox: r.mailbox ?? "", owner: r.owner ?? "", title: r.title, text: r.text, version: r.version };
			await api(r.id ? "PUT" : "POST", r.id ? `/v1/replies/${r.id}` : "/v1/replies", body);
			toast(t("a.saved"), "ok");
			onSaved();
		} catch (e) {
			setBad(wrong(e));
		}
	};
	return (
		<Dialog title={t(r.id ? "a.replies.edit" : "a.replies.new")} close={t("a.close")} onClose={() => void close()} wide>
			<form
				class="form"
				onSubmit={(e) => {
					e.preventDefault();
					void save();
				}}
			>
				<TextField
					label={t("a.replies.title")}
					hint={t("a.replies.title.hint")}
					value={r.title}
					maxLength={200}
					error={err("title")}
					data-first
					onInput={(e) => setR({ ...r, title: e.currentTarget.value })}
				/>
				<Field
					label={t("a.replies.text")}
					hint={t("a.replies.text.hint", { name: "{visitor.name}", fallback: "{visitor.name|there}" })}
					error={err("text")}
				>
					{(g) => (
						<textarea
							{...g}
							rows={7}
							value={r.text}
							dir="auto"
							onInput={(e) => setR({ ...r, text: e.currentTarget.value })}
						/>
					)}
				</Field>
				<SelectField
					label={t("a.replies.scope")}
					value={scope}
					options={[
						{ value: "", label: t("a.replies.shared") },
						...boxes.map((b) => ({ value: b.id, label: b.name })),
						{ value: "own", label: t("a.replies.own") },
					]}
					onPick={(v) => setR({ ...r, owner: v === "own" ? me.value?.id : "", mailbox: v === "own" ? "" : v })}
				/>
				<p class="error" role="alert">
					{bad && !["title", "text"].includes(bad.field ?? "") ? bad.text : ""}
				</p>
				<div class="actions">
					<Button onClick={() => void close()}>{t("a.cancel")}</Button>
					<Button look="main" type="submit" off={changed ? false : t("a.unchanged")}>
						{t("a.save")}
					</Button>
				</div>
			</form>
		</Dialog>
	);
}
