import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../kit/i18n";
import { type Look, look, Refusal } from "./ask";
import { Kept } from "./kept";
import { speak } from "./lang";
import { Panel } from "./panel";

/** Where the page stands: "open" = the panel is there, "shut" = its visitor has closed it. */
type At = "look" | "open" | "shut" | "refused" | "many" | "trouble";
type P = { mailbox: string; link: string; back: string };

/** Whatever is wrong with a link reads the same. */
function after(e: unknown): At {
	const code = e instanceof Refusal ? e.message : "";
	if (code === "not_found") return "refused";
	return code === "too_many" ? "many" : "trouble";
}
/** The page of a mail's link into a chat. It shows nothing that was written before. */
export function App({ mailbox, link, back }: P): JSX.Element {
	const [at, setAt] = useState<At>("look");
	const [found, setFound] = useState<Look>();
	const [kept, setKept] = useState<Kept>();
	const open = (slug: string, by: string) => {
		setKept(new Kept(slug, by));
		setAt("open");
	};
	const begin = async () => {
		setAt("look");
		try {
			const l = await look(link);
			if (l.locale) await speak(l.locale);
			setFound(l);
			open(l.mailbox, link);
		} catch (e) {
			// A chat that began in time goes on, and a login comes home.
			if (after(e) === "refused" && mailbox && link && new Kept(mailbox, link).all().token) open(mailbox, link);
			else setAt(after(e));
		}
	};
	useEffect(() => void begin(), []);
	document.title = found ? `${t("continue.title")} · ${found.name}` : t("continue.title");
	const said = at === "open" || at === "shut" ? "" : t(`continue.${at}`);
	return (
		<main class={at === "open" ? "on" : ""}>
			<h1>{found ? t("continue.with", { mailbox: found.name }) : t("continue.title")}</h1>
			<p role="status">{said}</p>
			{found && (
				<p class="quiet">
					{t("continue.apart")}{" "}
					{found.tickets && <a href={`/tickets/${encodeURIComponent(found.mailbox)}`}>{t("continue.tickets")}</a>}
				</p>
			)}
			{kept && (
				<Chat kept={kept} from={found ? link : ""} back={back} shown={at === "open"} shut={() => setAt("shut")} />
			)}
			{at === "shut" && (
				<button type="button" class="main" data-first onClick={() => setAt("open")}>
					{t("continue.open")}
				</button>
			)}
			{at === "refused" && mailbox && (
				<button type="button" class="main" data-first onClick={() => open(mailbox, "")}>
					{t("continue.anyway")}
				</button>
			)}
			{(at === "many" || at === "trouble") && (
				<button type="button" onClick={() => void begin()}>
					{t("continue.again")}
				</button>
			)}
		</main>
	);
}
type C = { kept: Kept; from: string; back: string; shown: boolean; shut(): void };

/** The widget's panel. Closed, it stays there: the conversation goes on. */
function Chat({ kept, from, back, shown, shut }: C): JSX.Element {
	const frame = useRef<HTMLIFrameElement>(null);
	const panel = useRef<Panel | undefined>(undefined);
	useEffect(() => panel.current?.show(shown), [shown]);
	const load = () => {
		if (!frame.current) return;
		panel.current = new Panel(frame.current, kept, shut);
		void panel.current.begin(from, back);
	};
	return (
		<iframe
			ref={frame}
			title={t("continue.frame")}
			hidden={!shown}
			src={`/widget/frame?mailbox=${encodeURIComponent(kept.mailbox)}`}
			onLoad={load}
		/>
	);
}
