import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { dir, t } from "../../kit/i18n";
import { Nodes } from "../../kit/nodes";
import { api, Icon, type IconName, Tabs } from "../../kit/ui";
import type { Node } from "../../kit/wire";

type Props = { body: string; locale: string; error?: string; onChange(body: string): void };
type Mark = { id: string; face: string | { icon: IconName }; before: string; after: string; line?: boolean };
const marks: Mark[] = [
	{ id: "bold", face: "B", before: "**", after: "**" },
	{ id: "italic", face: "I", before: "*", after: "*" },
	{ id: "heading", face: "H", before: "## ", after: "", line: true },
	{ id: "list", face: { icon: "list" }, before: "- ", after: "", line: true },
	{ id: "steps", face: { icon: "steps" }, before: "1. ", after: "", line: true },
	{ id: "link", face: { icon: "link" }, before: "[", after: "](https://)" },
	{ id: "code", face: { icon: "code" }, before: "`", after: "`" },
];

/** Markdown beside what visitors will see, drawn by the server with the widget's own rules. */
export function Editor({ body, locale, error, onChange }: Props): JSX.Element {
	const [narrow, setNarrow] = useState(() => matchMedia("(max-width: 900px)").matches);
	const [tab, setTab] = useState("write");
	useEffect(() => {
		const m = matchMedia("(max-width: 900px)");
		const on = () => setNarrow(m.matches);
		m.addEventListener("change", on);
		return () => m.removeEventListener("change", on);
	}, []);
	const write = <Write body={body} locale={locale} error={error} onChange={onChange} />;
	if (!narrow)
		return (
			<div class="editor">
				{write}
				<Preview body={body} locale={locale} />
			</div>
		);
	return (
		<Tabs
			label={t("a.editor")}
			at={tab}
			onPick={setTab}
			tabs={[
				{ id: "write", label: t("a.editor.write") },
				{ id: "preview", label: t("a.editor.preview") },
			]}
		>
			{tab === "write" ? write : <Preview body={body} locale={locale} />}
		</Tabs>
	);
}

function Write({ body, locale, error, onChange }: Props): JSX.Element {
	const area = useRef<HTMLTextAreaElement>(null);
	useEffect(() => {
		if (error) area.current?.focus();
	}, [error]);
	const apply = (m: Mark) => {
		const el = area.current;
		if (!el) return;
		const { selectionStart: from, selectionEnd: to } = el;
		const start = m.line ? body.lastIndexOf("\n", from - 1) + 1 : from;
		const chosen = body.slice(start, to);
		const text = m.line
			? chosen
					.split("\n")
					.map((l) => m.before + l)
					.join("\n")
			: m.before + chosen + m.after;
		onChange(body.slice(0, start) + text + body.slice(to));
		requestAnimationFrame(() => {
			el.focus();
			const inside = m.line ? start + text.length : start + m.before.length;
			el.setSelectionRange(inside, m.line ? inside : inside + chosen.length);
		});
	};
	const keys = (e: KeyboardEvent) => {
		if (!(e.ctrlKey || e.metaKey) || e.isComposing) return;
		const m = marks.find((x) => x.id === { b: "bold", i: "italic", k: "link" }[e.key]);
		if (!m) return;
		e.preventDefault();
		apply(m);
	};
	return (
		<div class="md-write">
			<div class="toolbar" role="toolbar" aria-label={t("a.editor.tools")}>
				{marks.map((m) => (
					<button
						key={m.id}
						type="button"
						class={`btn icon-btn ${m.id}`}
						title={t(`a.editor.${m.id}`)}
						aria-label={t(`a.editor.${m.id}`)}
						onClick={() => apply(m)}
					>
						{typeof m.face === "string" ? <span aria-hidden="true">{m.face}</span> : <Icon name={m.face.icon} />}
					</button>
				))}
			</div>
			<textarea
				ref={area}
				aria-label={t("a.editor.text")}
				aria-invalid={error ? true : undefined}
				rows={18}
				value={body}
				spellcheck
				dir={dir(locale)}
				onKeyDown={keys}
				onInput={(e) => onChange(e.currentTarget.value)}
			/>
			{error && (
				<p class="error" role="alert">
					{error}
				</p>
			)}
		</div>
	);
}

function Preview({ body, locale }: { body: string; locale: string }): JSX.Element {
	const [nodes, setNodes] = useState<Node[]>();
	const [late, setLate] = useState(false);
	useEffect(() => {
		let over = false;
		const timer = setTimeout(async () => {
			try {
				const r = await api<{ nodes: Node[] }>("POST", "/v1/articles/preview", { body });
				if (over) return;
				setNodes(r.nodes);
				setLate(false);
			} catch {
				if (!over) setLate(true);
			}
		}, 200);
		return () => {
			over = true;
			clearTimeout(timer);
		};
	}, [body]);
	return (
		<section class="md-preview" lang={locale} dir={dir(locale)} aria-label={t("a.editor.preview")}>
			{late && <p class="hint">{t("a.editor.late")}</p>}
			{nodes && (nodes.length ? <Nodes nodes={nodes} /> : <p class="quiet-text">{t("a.editor.empty")}</p>)}
		</section>
	);
}
