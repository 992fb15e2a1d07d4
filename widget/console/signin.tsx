import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { api, Button, codeOf, Door, refusal, TextField } from "../kit/ui";
import type { Agent } from "../kit/wire";
import type { Session } from "./session";
import { screen } from "./state";

/** The page behind an admin's one-time link; the token never leaves the fragment but in the body. */
export function FirstPassword({ s }: { s: Session }): JSX.Element {
	const [error, setError] = useState("");
	const [bad, setBad] = useState<{ field: string; text: string }>();
	const [busy, setBusy] = useState(false);
	const submit = async (e: SubmitEvent) => {
		e.preventDefault();
		const d = new FormData(e.currentTarget as HTMLFormElement);
		const password = String(d.get("password"));
		setError("");
		setBad(undefined);
		if ([...password].length < 10) return setBad({ field: "password", text: t("password.short") });
		if (password !== d.get("again")) return setBad({ field: "again", text: t("password.differ") });
		setBusy(true);
		try {
			const token = decodeURIComponent(location.hash.slice("#password=".length));
			const { agent } = await api<{ agent: Agent }>("POST", "/v1/password", { token, password });
			history.replaceState(null, "", location.pathname);
			s.enter(agent);
		} catch (x) {
			const gone = ["gone", "not_found", "unauthenticated"].includes(codeOf(x));
			setError(gone ? t("password.gone") : refusal(x, "password.gone"));
			setBusy(false);
		}
	};
	const at = (field: string) => (bad?.field === field ? bad.text : undefined);
	return (
		<Door title={t("password.title")}>
			<form class="form" onSubmit={submit}>
				<TextField
					label={t("password.new")}
					name="password"
					type="password"
					autocomplete="new-password"
					hint={t("password.rule")}
					error={at("password")}
					required
					autofocus
				/>
				<TextField
					label={t("password.again")}
					name="again"
					type="password"
					autocomplete="new-password"
					error={at("again")}
					required
				/>
				<p class="error" role="alert">
					{error}
				</p>
				<Button type="submit" look="main" busy={busy}>
					{t("password.go")}
				</Button>
				{error && <ToSignIn />}
			</form>
		</Door>
	);
}
function ToSignIn(): JSX.Element {
	return (
		<Button
			look="quiet"
			onClick={() => {
				history.replaceState(null, "", location.pathname);
				screen.value = "signin";
			}}
		>
			{t("password.signin")}
		</Button>
	);
}
