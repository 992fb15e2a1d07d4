import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { Dialog, Icon, type IconName, toast, words } from "../kit/ui";
import type { Row } from "../kit/wire";
import { VALUES } from "./availability";
import { run } from "./hands";
import { pick } from "./list";
import { go, viewIcon } from "./rail";
import { VIEWS } from "./rows";
import type { Session } from "./session";
import * as st from "./state";
import { leadsToChat } from "./to-chat";
import { visitorName } from "./words";

const combobox = { type: "search", role: "combobox", "aria-expanded": "true" } as object;
type Line = { id: string; icon: IconName; label: string; hint?: string; run(): void };

/** Views, actions and conversations by their first letters. */
export function Palette({ s, close }: { s: Session; close(): void }): JSX.Element {
	const [q, setQ] = useState("");
	const [at, setAt] = useState(0);
	const [found, setFound] = useState<Row[]>([]);
	const box = useRef<HTMLDivElement>(null);
	useEffect(() => {
		if (q.trim().length < 2) return setFound([]);
		const wait = setTimeout(() => void s.find(q.trim()).then(setFound, (e) => toast(words(e), "stop")), 150);
		return () => clearTimeout(wait);
	}, [q, s]);
	const low = q.trim().toLocaleLowerCase();
	const all = [...lines(s), ...talks(s, low ? [...Object.values(st.rows.value), ...found] : [])];
	const hits = all.filter(
		(l) => `${l.label} ${l.hint ?? ""}`.toLocaleLowerCase().includes(low) || found.some((r) => r.id === l.id),
	);
	const unique = hits.filter((l, i) => hits.findIndex((x) => x.id === l.id) === i).slice(0, 12);
	const take = (l: Line | undefined) => {
		if (!l) return;
		close();
		l.run();
	};
	const key = (e: KeyboardEvent) => {
		if (e.key === "Enter") take(unique[at]);
		else if (e.key === "ArrowDown" || e.key === "ArrowUp")
			setAt((at + (e.key === "ArrowDown" ? 1 : -1) + unique.length) % Math.max(1, unique.length));
		else return;
		e.preventDefault();
	};
	useEffect(() => box.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }), [at]);
	return (
		<Dialog title={t("palette.title")} onClose={close}>
			<input
				{...combobox}
				aria-controls="palette"
				aria-activedescendant={unique[at] && `palette-${at}`}
				aria-label={t("palette.find")}
				placeholder={t("palette.find")}
				data-first
				value={q}
				onInput={(e) => {
					setQ(e.currentTarget.value);
					setAt(0);
				}}
				onKeyDown={key}
			/>
			<div class="palette" id="palette" role="listbox" aria-label={t("palette.title")} ref={box}>
				{unique.map((l, i) => (
					<div
						key={l.id}
						id={`palette-${i}`}
						role="option"
						tabIndex={-1}
						class="item"
						aria-selected={i === at}
						onMouseMove={() => setAt(i)}
						onMouseDown={(e) => {
							e.preventDefault();
							take(l);
						}}
					>
						<Icon name={l.icon} />
						<span class="grow one-line">{l.label}</span>
						{l.hint && <small class="one-line">{l.hint}</small>}
					</div>
				))}
			</div>
			{!unique.length && <p class="hint">{t("suggest.none")}</p>}
		</Dialog>
	);
}
const beIcon = { available: "check", assign_only: "half", unavailable: "circle" } as const;
function lines(s: Session): Line[] {
	const out: Line[] = [...VIEWS, "replies" as const].map((v) => ({
		id: `view-${v}`,
		icon: viewIcon[v],
		label: t(`view.${v}`),
		hint: t("palette.view"),
		run: () => go(s, v),
	}));
	const r = st.current.value;
	const act = (id: string, icon: IconName, label: string, action: Parameters<typeof run>[1]) =>
		out.push({ id, icon, label, hint: t("palette.action"), run: () => run(s, action) });
	if (r?.status === "queued") act("claim", "hand", t("list.claim"), "claim");
	if (r && r.status !== "closed") {
		act("assign", "hand", t("thread.assign"), "assign");
		if (r.status !== "queued") act("close", "check", t("thread.close"), "close");
		if (r.status !== "queued") act("merge", "link", t("merge.open"), "merge");
		if (r.number) act("forward", "mail", t("forward.open"), "forward");
		if (leadsToChat(r)) act("chat", "chat", t("composer.chat"), "chat");
		act("verify", "gate", t("side.verify"), "verify");
		act("note", "note", t("composer.note"), "note");
	}
	for (const v of VALUES) act(`be-${v}`, beIcon[v], t("palette.be", { value: t(`be.${v}`) }), `be:${v}`);
	act("shortcuts", "keyboard", t("keys.title"), "shortcuts");
	return out;
}
function talks(s: Session, list: Row[]): Line[] {
	return list.map((r) => ({
		id: r.id,
		icon: r.channel === "email" ? "ticket" : "chat",
		label: `${visitorName(r)}${r.number ? ` #${r.number}` : ""} ${r.first_words ?? ""}`,
		hint: st.boxName(r.mailbox),
		run: () => void pick(s, r.id),
	}));
}
