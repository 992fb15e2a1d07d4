import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { api, Button, codeOf, TextField, words } from "../kit/ui";
import { me, type Person } from "./data";

/** The same session as the console's: one cookie for both. */
export function SignIn(): JSX.Element {
	const [email, setEmail] = useState("");
	const [password, setPassword] = useState("");
	const [error, setError] = useState("");
	const [busy, setBusy] = useState(false);
	const send = async (e: Event) => {
		e.preventDefault();
		setBusy(true);
		try {
			const { agent } = await api<{ agent: Person }>("POST", "/v1/login", { email: email.trim(), password });
			me.value = agent;
		} catch (err) {
			setError(codeOf(err) === "unauthenticated" ? t("a.signin.wrong") : words(err));
		}
		setBusy(false);
	};
	return (
		<main class="signin">
			<form class="form" onSubmit={(e) => void send(e)}>
				<h1>{t("a.signin.title")}</h1>
				<TextField
					label={t("a.email")}
					type="email"
					name="email"
					autoComplete="username"
					required
					value={email}
					onInput={(e) => setEmail(e.currentTarget.value)}
				/>
				<TextField
					label={t("a.password")}
					type="password"
					name="password"
					autoComplete="current-password"
					required
					value={password}
					onInput={(e) => setPassword(e.currentTarget.value)}
				/>
				<p class="error" role="alert">
					{error}
				</p>
				<Button look="main" type="submit" busy={busy}>
					{t("a.signin")}
				</Button>
			</form>
		</main>
	);
}
