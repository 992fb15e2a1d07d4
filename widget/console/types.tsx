import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { api, Badge, FormDialog, type IconName, SelectField, toast, words } from "../kit/ui";
import type { Row } from "../kit/wire";
import type { Session } from "./session";
import * as st from "./state";

const RANKS = ["", "trainee", "agent", "senior", "supervisor"];
const rank = (role: string | undefined): number => (role === "admin" ? 4 : RANKS.indexOf(role ?? ""));
/** False when the conversation asks for a higher role (P80). */
export function mayHold(role: string | undefined, r: Row): boolean {
	return !r.min_role || rank(role) >= rank(r.min_role);
}
/** Why I cannot claim it, in words; "" = I can. */
export function below(r: Row): string {
	return mayHold(st.me.value?.role, r) ? "" : t("type.below", { role: t(`role.${r.min_role}`) });
}
export const typeName = (id: string | undefined): string => st.types.value.find((k) => k.id === id)?.name ?? id ?? "";

export function TypeBadge({ r }: { r: Row }): JSX.Element | null {
	if (!r.type) return null;
	const from = r.min_role ? t("type.from", { role: t(`role.${r.min_role}`) }) : undefined;
	return (
		<Badge icon="ticket" title={from}>
			<bdi>{typeName(r.type)}</bdi>
		</Badge>
	);
}

/** Reads the list of ticket types; without it their ids show. */
export async function readTypes(): Promise<void> {
	const r = await api<{ types: st.TicketType[] }>("GET", "/v1/types").catch(() => undefined);
	if (r) st.types.value = r.types;
}

/** Says what a conversation is about. */
export function SetType({ s, r, shut }: { s: Session; r: Row; shut(): void }): JSX.Element {
	const [type, setType] = useState(r.type ?? "");
	const [error, setError] = useState("");
	const [busy, setBusy] = useState(false);
	const submit = async () => {
		setBusy(true);
		try {
			await s.socket.command("conversation.type", { conversation: r.id, type });
			toast(t("type.done"), "ok");
			shut();
		} catch (x) {
			setError(words(x));
			setBusy(false);
		}
	};
	const name = (k: st.TicketType) => `${k.name} · ${t("type.from", { role: t(`role.${k.role}`) })}`;
	return (
		<FormDialog
			title={t("type.title")}
			submit={t("type.go")}
			busy={busy}
			off={type === (r.type ?? "") && t("ui.unchanged")}
			error={error}
			onSubmit={() => void submit()}
			onClose={shut}
		>
			<SelectField
				label={t("type.label")}
				hint={t("type.hint")}
				value={type}
				first
				options={[
					{ value: "", label: t("type.none") },
					...st.types.value.map((k) => ({ value: k.id, label: name(k) })),
				]}
				onPick={setType}
			/>
		</FormDialog>
	);
}

const ways: Record<string, IconName> = {
	web: "globe",
	email: "mail",
	api: "code",
	phone: "bell",
	review: "chat",
	social: "people",
	internal: "lock",
};
export const wayIcon = (r: Row): IconName => ways[r.origin ?? "web"] ?? "globe";
export const wayName = (r: Row): string => t(`origin.${r.origin && ways[r.origin] ? r.origin : "web"}`);
