import type { JSX } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { lang, t } from "../kit/i18n";
import {
	Asked,
	Avatar,
	api,
	Brand,
	codeOf,
	Dialog,
	Empty,
	holdsPasskeys,
	Icon,
	IconButton,
	type IconName,
	MenuItem,
	Passkeys,
	Popover,
	prefs,
	SignIn,
	setPrefs,
	Toasts,
	Unreached,
} from "../kit/ui";
import { kept, may, me, type Person } from "./data";
import { go, route } from "./guard";
import { AgentsPage } from "./pages/agents";
import { ArticlePage } from "./pages/article";
import { ArticlesPage } from "./pages/articles";
import { AssistPage } from "./pages/assist";
import { AuditPage } from "./pages/audit";
import { AvailabilityPage } from "./pages/availability";
import { DeflectionPage } from "./pages/deflection";
import { LibraryPage } from "./pages/library";
import { LivePage } from "./pages/live";
import { MailboxPage } from "./pages/mailbox";
import { MailboxesPage } from "./pages/mailboxes";
import { OverviewPage } from "./pages/overview";
import { PhrasingsPage } from "./pages/phrasings";
import { PinsPage } from "./pages/pins";
import { RepliesPage } from "./pages/replies";
import { ReportsPage } from "./pages/reports";
import { RulesPage } from "./pages/rules";
import { SearchPage } from "./pages/search";
import { SpoolPage } from "./pages/spool";
import { StaffingPage } from "./pages/staffing";
import { TypesPage } from "./pages/types";
import { VerificationPage } from "./pages/verification";
import { WebhooksPage } from "./pages/webhooks";
import { WidgetPage } from "./pages/widget";
import { NoRight } from "./parts";

type Place = { id: string; icon: IconName; right: string; group: string };
const places: Place[] = [
	{ id: "overview", icon: "grid", right: "see", group: "now" },
	{ id: "live", icon: "chat", right: "force", group: "now" },
	{ id: "availability", icon: "clock", right: "see", group: "now" },
	{ id: "staffing", icon: "people", right: "force", group: "now" },
	{ id: "mailboxes", icon: "inbox", right: "settings", group: "people" },
	{ id: "rules", icon: "list", right: "settings", group: "people" },
	{ id: "types", icon: "ticket", right: "settings", group: "people" },
	{ id: "agents", icon: "people", right: "settings", group: "people" },
	{ id: "articles", icon: "book", right: "articles", group: "answers" },
	{ id: "pins", icon: "link", right: "articles", group: "answers" },
	{ id: "phrasings", icon: "chat", right: "articles", group: "answers" },
	{ id: "reports", icon: "list", right: "articles", group: "answers" },
	{ id: "deflection", icon: "check", right: "articles", group: "answers" },
	{ id: "search", icon: "search", right: "articles", group: "answers" },
	{ id: "replies", icon: "reply", right: "replies", group: "answers" },
	{ id: "library", icon: "file", right: "settings", group: "answers" },
	{ id: "assist", icon: "spark", right: "settings", group: "answers" },
	{ id: "widget", icon: "chat", right: "settings", group: "site" },
	{ id: "verification", icon: "gate", right: "audit", group: "site" },
	{ id: "audit", icon: "checks", right: "audit", group: "site" },
	{ id: "webhooks", icon: "link", right: "settings", group: "site" },
	{ id: "spool", icon: "mail", right: "settings", group: "site" },
];

/** The admin pages: who is signed in, where he is, and nothing that his role may not see. */
export function App(): JSX.Element {
	const [lost, setLost] = useState(false);
	const ask = useCallback(() => {
		api<{ agent: Person }>("GET", "/v1/me").then(
			(r) => {
				me.value = r.agent;
			},
			(e) => {
				if (codeOf(e) === "unauthenticated") me.value = null;
				else setLost(true);
			},
		);
	}, []);
	useEffect(ask, [ask]);
	useEffect(() => {
		if (me.value) kept.value = me.value;
	}, [me.value]);
	if (me.value === undefined) return lost ? <Unreached again={ask} /> : <main aria-busy="true" />;
	const person = me.value ?? kept.value;
	return (
		<>
			{person && (
				<div hidden={me.value === null}>
					<Shell key={person.id} person={person} />
				</div>
			)}
			{me.value === null && <SignIn title={t("a.signin.title")} enter={entered} />}
			<Asked />
			<Toasts />
		</>
	);
}
function entered(agent: Person): void {
	me.value = agent;
}
function Shell({ person }: { person: Person }): JSX.Element {
	const [menu, setMenu] = useState(false);
	const [keys, setKeys] = useState(false);
	const at = route.value[0] ?? "overview";
	const main = useRef<HTMLElement>(null);
	const key = route.value.join("/");
	const first = useRef(true);
	useEffect(() => {
		setMenu(false);
		if (first.current) {
			first.current = false;
			return;
		}
		main.current?.scrollTo(0, 0);
		main.current?.querySelector<HTMLElement>("h1")?.focus();
	}, [key]);
	return (
		<div class="shell">
			<button type="button" class="btn skip" onClick={() => main.current?.focus()}>
				{t("a.skip")}
			</button>
			<header class="top">
				<IconButton icon="menu" label={t("a.menu")} class="only-narrow" onClick={() => setMenu(true)} />
				<Brand place={t("a.admin")} />
				<span class="grow" />
				<a class="btn quiet" href="/console">
					<Icon name="chat" />
					<span class="not-narrow">{t("a.console")}</span>
					<span class="sr only-narrow">{t("a.console")}</span>
				</a>
				<Account person={person} keys={() => setKeys(true)} />
			</header>
			<nav class="rail" aria-label={t("a.nav")}>
				<Links at={at} />
			</nav>
			{menu && (
				<Dialog title={t("a.menu")} onClose={() => setMenu(false)} sheet>
					<nav aria-label={t("a.nav")}>
						<Links at={at} />
					</nav>
				</Dialog>
			)}
			{keys && <Passkeys onClose={() => setKeys(false)} />}
			{/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and a page may hold nothing else that takes focus */}
			<main id="main" ref={main} tabIndex={0}>
				<div class="page" key={key}>
					<Page at={at} id={route.value[1]} />
				</div>
			</main>
		</div>
	);
}
function Links({ at }: { at: string }): JSX.Element {
	const groups = [...new Set(places.map((p) => p.group))];
	return (
		<>
			{groups.map((g) => {
				const list = places.filter((p) => p.group === g && may(p.right));
				if (!list.length) return null;
				return (
					<ul key={g} aria-label={t(`a.group.${g}`)}>
						{list.map((p) => (
							<li key={p.id}>
								<a
									class="rail-item"
									href={`#/${p.id}`}
									aria-current={p.id === at ? "page" : undefined}
									onClick={(e) => {
										e.preventDefault();
										void go(p.id);
									}}
								>
									<Icon name={p.icon} />
									{t(`a.${p.id}`)}
								</a>
							</li>
						))}
					</ul>
				);
			})}
		</>
	);
}

function Account({ person, keys }: { person: Person; keys(): void }): JSX.Element {
	const leave = async () => {
		if (!(await go("overview"))) return;
		await api("POST", "/v1/logout", {}).catch(() => undefined);
		kept.value = undefined;
		me.value = null;
	};
	const speak = () => {
		setPrefs({ lang: lang() === "ar" ? "en" : "ar" });
		location.reload();
	};
	return (
		<Popover
			label={t("a.account", { name: person.name })}
			class="me-button"
			align="end"
			button={<Avatar name={person.name} of={person.id} />}
		>
			{(close) => (
				<>
					<p class="who-am-i">
						<b>{person.name}</b>
						<small>{t(`role.${person.role}`)}</small>
					</p>
					{["", "light", "dark"].map((s) => (
						<MenuItem
							key={s}
							label={t(`a.scheme.${s || "system"}`)}
							checked={prefs.value.scheme === s}
							onPick={() => {
								setPrefs({ scheme: s });
								close();
							}}
						/>
					))}
					<MenuItem icon="globe" label={lang() === "ar" ? "English" : "العربية"} onPick={speak} />
					{holdsPasskeys(person.role) && (
						<MenuItem
							icon="lock"
							label={t("passkey.title")}
							onPick={() => {
								close();
								keys();
							}}
						/>
					)}
					<MenuItem
						icon="exit"
						label={t("a.signout")}
						onPick={() => {
							close();
							void leave();
						}}
					/>
				</>
			)}
		</Popover>
	);
}

function Page({ at, id }: { at: string; id: string | undefined }): JSX.Element {
	const place = places.find((p) => p.id === at);
	if (!place) return <NoPage />;
	if (!may(place.right)) return <NoRight />;
	switch (at) {
		case "live":
			return <LivePage />;
		case "availability":
			return <AvailabilityPage />;
		case "staffing":
			return <StaffingPage />;
		case "mailboxes":
			return id ? <MailboxPage id={id} /> : <MailboxesPage />;
		case "rules":
			return <RulesPage />;
		case "types":
			return <TypesPage />;
		case "agents":
			return <AgentsPage />;
		case "articles":
			return id ? <ArticlePage id={id} /> : <ArticlesPage />;
		case "pins":
			return <PinsPage />;
		case "phrasings":
			return <PhrasingsPage />;
		case "reports":
			return <ReportsPage />;
		case "deflection":
			return <DeflectionPage />;
		case "search":
			return <SearchPage />;
		case "replies":
			return <RepliesPage />;
		case "library":
			return <LibraryPage />;
		case "assist":
			return <AssistPage />;
		case "widget":
			return <WidgetPage slug={id} />;
		case "verification":
			return <VerificationPage />;
		case "audit":
			return <AuditPage />;
		case "webhooks":
			return <WebhooksPage />;
		case "spool":
			return <SpoolPage name={id} />;
	}
	return <OverviewPage />;
}
function NoPage(): JSX.Element {
	return (
		<Empty icon="search" title={t("a.nopage")}>
			<p>{t("a.nopage.text")}</p>
			<p>
				<a href="#/overview">{t("a.overview")}</a>
			</p>
		</Empty>
	);
}
