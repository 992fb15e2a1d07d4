import type { JSX } from "preact";
import { t } from "../../kit/i18n";
import { Badge, Button } from "../../kit/ui";
import { type Box, useLoad } from "../data";
import { go } from "../guard";
import { Head, Loaded, NoMailbox, Table } from "../parts";

/** The list of mailboxes. */
export function MailboxesPage(): JSX.Element {
	const boxes = useLoad<{ mailboxes: Box[] }>("/v1/mailboxes");
	return (
		<>
			<Head title={t("a.mailboxes")} hint={t("a.mailboxes.hint")}>
				{boxes.data?.mailboxes.length ? (
					<Button look="main" icon="plus" onClick={() => void go("mailboxes", "new")}>
						{t("a.mailboxes.new")}
					</Button>
				) : null}
			</Head>
			<Loaded from={boxes}>
				{(d) =>
					d.mailboxes.length ? (
						<Table
							label={t("a.mailboxes")}
							rows={d.mailboxes}
							id={(b) => b.id}
							columns={[
								{ id: "name", label: t("a.name"), grow: true, cell: (b) => <Name b={b} /> },
								{ id: "address", label: t("a.mailbox.address"), cell: (b) => b.address },
								{ id: "members", label: t("a.mailbox.members"), cell: (b) => <Members b={b} /> },
								{ id: "ring", label: t("a.mailbox.ring"), cell: (b) => t("a.seconds", { n: b.ring_s }) },
								{ id: "missed", label: t("a.mailbox.missed"), cell: (b) => t("a.seconds", { n: b.missed_s }) },
							]}
						/>
					) : (
						<NoMailbox />
					)
				}
			</Loaded>
		</>
	);
}
function Name({ b }: { b: Box }): JSX.Element {
	return (
		<>
			<a
				href={`#/mailboxes/${b.id}`}
				onClick={(e) => {
					e.preventDefault();
					void go("mailboxes", b.id);
				}}
			>
				{b.name}
			</a>
			<small class="under" dir="ltr">
				{b.slug}
			</small>
		</>
	);
}
function Members({ b }: { b: Box }): JSX.Element {
	if (b.members.length) return <>{t("a.people", { n: b.members.length })}</>;
	return (
		<Badge tone="wait" icon="warn">
			{t("a.mailbox.nobody")}
		</Badge>
	);
}
