import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { CommandError } from "../kit/socket";
import { upcoming } from "../kit/time";
import type { Session } from "./session";
import * as st from "./state";

type Errors = Record<string, string>;
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]{2,}$/;

/** What is asked before a person is called, or the message that is left when nobody is there. */
export function Form({ s }: { s: Session }) {
	const [errors, setErrors] = useState<Errors>({});
	const [busy, setBusy] = useState(false);
	const form = useRef<HTMLFormElement>(null);
	const m = st.hello.value?.mailbox;
	const ticket = !st.reachable.value;
	useEffect(() => form.current?.querySelector<HTMLElement>("input,textarea")?.focus(), []);
	const extra = (m?.fields ?? []).filter((f) => f.name !== "name" && f.name !== "email");
	const submit = (e: SubmitEvent) => {
		e.preventDefault();
		if (busy) return;
		const d = new FormData(e.currentTarget as HTMLFormElement);
		const get = (k: string) => String(d.get(k) ?? "").trim();
		const bad: Errors = {};
		if (!get("text")) bad.text = t("form.required");
		if (get("email") && !EMAIL.test(get("email"))) bad.email = t("form.bad.email");
		for (const f of m?.fields ?? []) if (f.required && !get(f.name)) bad[f.name] = t("form.required");
		setErrors(bad);
		const wrong = Object.keys(bad)[0];
		if (wrong) {
			form.current?.querySelector<HTMLElement>(`[name="${wrong}"]`)?.focus();
			return;
		}
		const fields = Object.fromEntries(extra.map((f) => [f.name, get(f.name)]));
		const article = st.article.value?.article;
		const who = { name: get("name"), email: get("email") };
		setBusy(true);
		s.begin({
			text: get("text"),
			...who,
			fields,
			...(article ? { article } : {}),
			...(ticket ? { ticket } : {}),
		}).catch((x) => {
			setBusy(false);
			const code = x instanceof CommandError ? x.error.code : "";
			if (code === "nobody_available" || code === "mailbox_closed") gone(code === "nobody_available");
			setErrors({ form: st.words(x) });
		});
	};
	return (
		<form class="body" ref={form} onSubmit={submit} noValidate aria-busy={busy}>
			<h2>{t(ticket ? "home.leave" : "home.talk")}</h2>
			{ticket && m && (
				<p class="quiet">
					{t(m.open ? "home.nobody" : "home.closed")}{" "}
					{m.until && !m.open ? t("home.back", { time: upcoming(m.until) }) : ""} {t("form.later")}
				</p>
			)}
			{!ticket && m?.greeting && <p class="quiet">{m.greeting}</p>}
			<Input name="name" label={t("form.name")} complete="name" value={st.prefill.value.name} error={errors.name} />
			<Input
				name="email"
				type="email"
				label={t("form.email.optional")}
				complete="email"
				value={st.prefill.value.email}
				error={errors.email}
				hint={t(ticket ? "form.email.ticket" : "form.email.why")}
			/>
			{extra.map((f) => (
				<Input key={f.name} name={f.name} label={f.label} error={errors[f.name]} />
			))}
			<label>
				{t("form.text")}
				<textarea
					name="text"
					rows={4}
					maxLength={8000}
					defaultValue={st.prefill.value.text ?? st.query.value}
					aria-invalid={Boolean(errors.text)}
					aria-describedby={errors.text ? "e-text" : undefined}
				/>
			</label>
			<Wrong id="e-text" text={errors.text} />
			<p role="alert" class="wrong">
				{errors.form}
			</p>
			<button type="submit" class="main wide" disabled={!m} aria-disabled={busy}>
				{t(ticket ? "form.send" : "form.start")}
			</button>
		</form>
	);
}
/** The last agent left while the visitor wrote: the same text becomes a message. */
function gone(open: boolean): void {
	const h = st.hello.value;
	if (h) st.hello.value = { ...h, mailbox: { ...h.mailbox, available: false, open } };
}
type InputProps = {
	name: string;
	label: string;
	type?: "text" | "email";
	complete?: string;
	value?: string;
	error?: string;
	hint?: string;
};
function Input({ name, label, type = "text", complete, value, error, hint }: InputProps) {
	const about = [error && `e-${name}`, hint && `h-${name}`].filter(Boolean).join(" ");
	return (
		<>
			<label>
				{label}
				<input
					{...({ type, autocomplete: complete } as object)}
					name={name}
					maxLength={254}
					defaultValue={value}
					aria-invalid={Boolean(error)}
					aria-describedby={about || undefined}
				/>
			</label>
			{hint && (
				<p class="quiet hint" id={`h-${name}`}>
					{hint}
				</p>
			)}
			<Wrong id={`e-${name}`} text={error} />
		</>
	);
}
function Wrong({ id, text }: { id: string; text?: string }) {
	return text ? (
		<p class="wrong" id={id} role="alert">
			{text}
		</p>
	) : null;
}
