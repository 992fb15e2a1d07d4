import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../kit/i18n";
import { Button, Empty, SavedReplyForm, SearchField, toast } from "../../kit/ui";
import { type Box, me, type Reply, useLoad } from "../data";
import { First, Head, Loaded, RowActs, Table } from "../parts";
import { remove } from "../remove";

/** Texts that agents insert with "/". */
export function RepliesPage(): JSX.Element {
	const list = useLoad<{ replies: Reply[] }>("/v1/replies");
	const boxes = useLoad<{ mailboxes: Box[] }>("/v1/mailboxes");
	const [edit, setEdit] = useState<Reply | "new">();
	const create = (
		<Button look="main" icon="plus" onClick={() => setEdit("new")}>
			{t("reply.new")}
		</Button>
	);
	const drop = ({ id, mailbox = "", owner = "", title, text }: Reply) =>
		void remove({
			path: `/v1/replies/${id}`,
			said: t("a.replies.removed", { title }),
			again: { path: "/v1/replies", body: { mailbox, owner, title, text } },
			reload: list.reload,
		});
	return (
		<>
			<Head title={t("a.replies")} hint={t("a.replies.hint")}>
				{list.data?.replies.length ? create : null}
			</Head>
			<Loaded from={list}>
				{(d) =>
					d.replies.length ? (
						<List all={d.replies} boxes={boxes.data?.mailboxes ?? []} onEdit={setEdit} onDelete={drop} />
					) : (
						<First icon="reply" title={t("a.replies.none")} text={t("a.replies.none.text")}>
							{create}
						</First>
					)
				}
			</Loaded>
			{edit && (
				<SavedReplyForm
					old={edit === "new" ? undefined : edit}
					boxes={boxes.data?.mailboxes ?? []}
					mine={me.value?.id ?? ""}
					shares
					onClose={() => setEdit(undefined)}
					onSaved={() => {
						toast(t("reply.saved"), "ok");
						setEdit(undefined);
						void list.reload();
					}}
				/>
			)}
		</>
	);
}
type ListProps = { all: Reply[]; boxes: Box[]; onEdit(r: Reply): void; onDelete(r: Reply): void };
function List({ all, boxes, onEdit, onDelete }: ListProps): JSX.Element {
	const [q, setQ] = useState("");
	const low = q.trim().toLocaleLowerCase();
	const found = all.filter((r) => `${r.title}\n${r.text}`.toLocaleLowerCase().includes(low));
	const scope = (r: Reply) =>
		r.owner ? t("reply.me") : (boxes.find((b) => b.id === r.mailbox)?.name ?? t("reply.all"));
	return (
		<>
			<div class="filters">
				<SearchField label={t("a.replies.search")} value={q} onType={setQ} />
			</div>
			{found.length ? (
				<Table
					label={t("a.replies")}
					rows={found}
					id={(r) => r.id}
					columns={[
						{ id: "title", label: t("a.replies.title"), grow: true, cell: (r) => <Text r={r} /> },
						{ id: "scope", label: t("a.replies.scope"), cell: scope },
						{
							id: "acts",
							label: t("a.actions"),
							cell: (r) => <RowActs what={r.title} onEdit={() => onEdit(r)} onDelete={() => onDelete(r)} />,
						},
					]}
				/>
			) : (
				<Empty icon="search" title={t("a.replies.nothing")} />
			)}
		</>
	);
}
function Text({ r }: { r: Reply }): JSX.Element {
	return (
		<>
			<bdi>{r.title}</bdi>
			<small class="under clip">
				<bdi>{r.text}</bdi>
			</small>
		</>
	);
}
