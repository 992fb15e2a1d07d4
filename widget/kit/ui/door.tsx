import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { lang, t } from "../i18n";
import { CommandError } from "../socket";
import type { Agent } from "../wire";
import { api, codeOf, words } from "./api";
import { Button } from "./button";
import { TextField } from "./field";
import { Icon } from "./icons";
import { setPrefs } from "./prefs";
import { LANGUAGES } from "./speak";

/** The name and its gate, with the place where we are. */
export function Brand({ place, bare }: { place?: string; bare?: boolean }): JSX.Element {
	return (
		<p class="brand">
			<Icon name="gate" fill />
			<span class={bare ? "wide-only" : undefined}>Postern</span>
			{place && <span class="quiet-text">{place}</span>}
		</p>
	);
}
/** What stands before the frame: one card in the middle. */
export function Door({ title, children }: { title: string; children: ComponentChildren }): JSX.Element {
	return (
		<main class="door">
			<div class="door-card">
				<Brand />
				<h1>{title}</h1>
				{children}
			</div>
		</main>
	);
}
/** A refused password in words: a wrong address and a wrong password read the same; too many tries say how long to wait. */
export function refusal(e: unknown, wrong: string): string {
	const code = codeOf(e);
	if (code === "unauthenticated") return t(wrong);
	if (code === "too_many" && e instanceof CommandError) {
		const n = Math.ceil(Number(e.error.params?.after_ms ?? 10_000) / 1000);
		return t("signin.too_many", { n });
	}
	return words(e);
}
/** The other languages, each in its own words. */
function Languages(): JSX.Element {
	const speak = (id: string) => {
		setPrefs({ lang: id });
		location.reload();
	};
	return (
		<p class="row hint">
			{LANGUAGES.filter((l) => l.id !== lang()).map((l) => (
				<button key={l.id} type="button" class="link" lang={l.id} onClick={() => speak(l.id)}>
					{l.name}
				</button>
			))}
		</p>
	);
}
/** Signs in by e-mail and password; console and admin pages share the session. */
export function SignIn({ title, enter }: { title: string; enter(agent: Agent): void }): JSX.Element {
	const [error, setError] = useState("");
	const [busy, setBusy] = useState(false);
	const submit = async (e: SubmitEvent) => {
		e.preventDefault();
		const d = new FormData(e.currentTarget as HTMLFormElement);
		setBusy(true);
		setError("");
		try {
			const body = { email: String(d.get("email")).trim(), password: String(d.get("password")) };
			enter((await api<{ agent: Agent }>("POST", "/v1/login", body)).agent);
		} catch (x) {
			setError(refusal(x, "signin.wrong"));
			setBusy(false);
		}
	};
	return (
		<Door title={title}>
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
			<Languages />
		</Door>
	);
}
/** No answer at the start: says so and asks again by itself. */
export function Unreached({ again }: { again(): void }): JSX.Element {
	useEffect(() => {
		const timer = setInterval(again, 5000);
		return () => clearInterval(timer);
	}, [again]);
	return (
		<Door title={t("ui.unreached")}>
			<p>{t("ui.unreached.text")}</p>
			<Button look="main" onClick={again}>
				{t("ui.again")}
			</Button>
		</Door>
	);
}
