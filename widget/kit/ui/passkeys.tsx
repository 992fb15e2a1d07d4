import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n";
import { reasonOf, register, steppingUp } from "../passkey";
import { CommandError } from "../socket";
import { exact } from "../time";
import { api, words } from "./api";
import { Button } from "./button";
import { Dialog } from "./dialog";
import { TextField } from "./field";
import { Icon } from "./icons";
import { toast } from "./toast";

type Passkey = { id: string; name: string; made: number; used: number };
type List = { passkeys: Passkey[] };

/** Roles that may register passkeys and step up (gateway/policy.go). */
export const holdsPasskeys = (role: string | undefined): boolean =>
	["senior", "supervisor", "admin"].includes(role ?? "");

/** Says why a sensitive action was not taken; who has no passkey yet is led to where one is registered. */
export function tellRefused(e: unknown, open: () => void): void {
	const none = reasonOf(e) === "stepup.none";
	toast(words(e), "stop", none ? { label: t("passkey.title"), run: open } : undefined);
}

/** The own passkeys: which there are, a new one, one less. */
export function Passkeys({ onClose }: { onClose(): void }): JSX.Element {
	const [all, setAll] = useState<Passkey[]>();
	const [name, setName] = useState("");
	const [password, setPassword] = useState("");
	const [bad, setBad] = useState<{ field?: string; text: string }>();
	const [busy, setBusy] = useState(false);
	const run = async (act: () => Promise<List>, done: string) => {
		setBusy(true);
		setBad(undefined);
		let ok = false;
		try {
			setAll((await act()).passkeys);
			setPassword("");
			ok = true;
			toast(t(done), "ok");
		} catch (e) {
			const field = e instanceof CommandError ? e.error.params?.field : undefined;
			const own = field === "name" || field === "password";
			setBad(own ? { field, text: t(`passkey.error.${field}`) } : { text: words(e) });
		}
		setBusy(false);
		return ok;
	};
	useEffect(() => {
		// Whoever has typed or added something meanwhile keeps it.
		api<List>("GET", "/v1/passkeys").then(
			(l) => setAll((have) => have ?? l.passkeys),
			(e) => setBad((have) => have ?? { text: words(e) }),
		);
	}, []);
	const add = async () => {
		if (await run(() => register<List>(api, name.trim(), password), "passkey.added")) setName("");
	};
	const remove = (k: Passkey) => {
		const gone = () => api<List>("POST", `/v1/passkeys/${k.id}/remove`, { password });
		void run(() => steppingUp(api, gone), "passkey.removed");
	};
	const at = (field: string) => (bad?.field === field ? bad.text : undefined);
	return (
		<Dialog title={t("passkey.title")} onClose={onClose}>
			<p>{t("passkey.what")}</p>
			{all && all.length > 0 && <Have all={all} busy={busy} remove={remove} />}
			<form
				class="form"
				onSubmit={(e) => {
					e.preventDefault();
					void add();
				}}
			>
				<TextField
					label={t("passkey.name")}
					hint={t("passkey.name.hint")}
					value={name}
					required
					maxLength={40}
					dir="auto"
					error={at("name")}
					data-first
					onInput={(e) => setName(e.currentTarget.value)}
				/>
				<TextField
					label={t("passkey.password")}
					hint={t(all?.length ? "passkey.password.or" : "passkey.password.hint")}
					type="password"
					autocomplete="current-password"
					value={password}
					required={!all?.length}
					error={at("password")}
					onInput={(e) => setPassword(e.currentTarget.value)}
				/>
				<p class="error" role="alert">
					{bad && !bad.field ? bad.text : ""}
				</p>
				<div class="actions">
					<Button onClick={onClose}>{t("ui.close")}</Button>
					<Button look="main" type="submit" icon="plus" busy={busy}>
						{t("passkey.add")}
					</Button>
				</div>
			</form>
		</Dialog>
	);
}
type HaveProps = { all: Passkey[]; busy: boolean; remove(k: Passkey): void };
function Have({ all, busy, remove }: HaveProps): JSX.Element {
	return (
		<ul class="lines">
			{all.map((k) => (
				<li key={k.id}>
					<Icon name="lock" />
					<span class="grow">
						<bdi>{k.name}</bdi>
						<small class="under block">
							{k.used ? t("passkey.used", { at: exact(k.used) }) : t("passkey.made", { at: exact(k.made) })}
						</small>
					</span>
					<Button
						look="quiet"
						icon="trash"
						busy={busy}
						aria-label={t("passkey.remove.name", { name: k.name })}
						onClick={() => remove(k)}
					>
						{t("passkey.remove")}
					</Button>
				</li>
			))}
		</ul>
	);
}
