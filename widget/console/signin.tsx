import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { CommandError } from "../kit/socket";
import { api, Button, codeOf, Icon, TextField, words } from "../kit/ui";
import type { Session } from "./session";
import { type Me, screen } from "./state";

function Card({ title, children }: { title: string; children: JSX.Element }): JSX.Element {
	return (
		<main class="door">
			<div class="door-card">
				<p class="brand">
					<Icon name="gate" /> Postern
				</p>
				<h1>{title}</h1>
				{children}
			</div>
		</main>
	);
}
/** Wrong e-mail and wrong password read the same; too many tries say how long to wait. */
function refusal(e: unknown, wrong: string): string {
	const code = codeOf(e);
	if (code === "unauthenticated") return t(wrong);
	if (code === "too_many" && e instanceof CommandError) {
		const n = Math.ceil(Number(e.error.params?.after_ms ?? 10_000) / 1000);
		return t("signin.too_many", { n });
	}
	return words(e);
}
export function SignIn({ s }: { s: Session }): JSX.Element {
	const [error, setError] = useState("");
	const [busy, setBusy] = useState(false);
	const submit = async (e: SubmitEvent) => {
		e.preventDefault();
		const d = new FormData(e.currentTarget as HTMLFormElement);
		setBusy(true);
		setError("");
		try {
			const body = { email: String(d.get("email")).trim(), password: String(d.get("password")) };
			s.enter((await api<{ agent: Me }>("POST", "/v1/login", body)).agent);
		} catch (x) {
			setError(refusal(x, "signin.wrong"));
			setBusy(false);
		}
	};
	return (
		<Card title={t("signin.title")}>
			<form class="form" onSubmit={submit}>
				<TextField label={t("signin.email")} name="email" type="email" autocomplete="username" required autofocus />
				<TextField
					label={t("signin.password")}
					name="password"
					type="password"
					autocomplete="current-password"
					required
				/>
				<p class="error" role="alert">
					{error}
				</p>
				<Button type="submit" look="main" busy={busy}>
					{t(busy ? "signin.busy" : "signin.go")}
				</Button>
				<p class="hint">{t("signin.lost")}</p>
			</form>
		</Card>
	);
}
/** The page behind an admin's one-time link; the token never leaves the fragment but in the body. */
export function FirstPassword({ s }: { s: Session }): JSX.Element {
	const [error, setError] = useState("");
	const [field, setField] = useState("");
	const [busy, setBusy] = useState(false);
	const submit = async (e: SubmitEvent) => {
		e.preventDefault();
		const d = new FormData(e.currentTarget as HTMLFormElement);
		const password = String(d.get("password"));
		setError("");
		setField("");
		if ([...password].length < 10) return setField(t("password.short"));
		if (password !== d.get("again")) return setField(t("password.differ"));
		setBusy(true);
		try {
			const token = decodeURIComponent(location.hash.slice("#password=".length));
			const { agent } = await api<{ agent: Me }>("POST", "/v1/password", { token, password });
			history.replaceState(null, "", location.pathname);
			s.enter(agent);
		} catch (x) {
			const gone = ["gone", "not_found", "unauthenticated"].includes(codeOf(x));
			setError(gone ? t("password.gone") : refusal(x, "password.gone"));
			setBusy(false);
		}
	};
	return (
		<Card title={t("password.title")}>
			<form class="form" onSubmit={submit}>
				<TextField
					label={t("password.new")}
					name="password"
					type="password"
					autocomplete="new-password"
					hint={t("password.rule")}
					error={field}
					required
					autofocus
				/>
				<TextField label={t("password.again")} name="again" type="password" autocomplete="new-password" required />
				<p class="error" role="alert">
					{error}
				</p>
				<Button type="submit" look="main" busy={busy}>
					{t("password.go")}
				</Button>
				{error && (
					<Button
						look="quiet"
						onClick={() => {
							history.replaceState(null, "", location.pathname);
							screen.value = "signin";
						}}
					>
						{t("password.signin")}
					</Button>
				)}
			</form>
		</Card>
	);
}
