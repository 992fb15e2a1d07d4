import { Fragment, type JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { has, languageName, t } from "../kit/i18n";
import { Nodes } from "../kit/nodes";
import { ago, exact } from "../kit/time";
import { Badge, Button, Icon, IconButton, SearchField, Tabs, toast, words } from "../kit/ui";
import type { Page, Row, Suggestion } from "../kit/wire";
import { Account } from "./account";
import { articlesFor } from "./choices";
import { setDraft } from "./drafts";
import { live } from "./gate-look";
import { Known } from "./head";
import { History } from "./history";
import type { Session } from "./session";
import * as st from "./state";
import { provenAt } from "./story";
import { Verify } from "./verify";
import { shortPage } from "./words";

export function Side({ s }: { s: Session }): JSX.Element | null {
	const r = st.current.value;
	if (!r) return null;
	const going = st.details.value[r.id]?.changes.some((c) => live(c.state));
	const tabs = [
		{ id: "visitor", label: t("side.visitor"), icon: "person" as const },
		{ id: "account", label: t("side.account"), icon: "lock" as const },
		{
			id: "verify",
			label: t("side.verify"),
			icon: "gate" as const,
			mark: going && <i class="tab-dot" title={t("side.going")} />,
		},
		{ id: "articles", label: t("side.articles"), icon: "book" as const },
		{ id: "history", label: t("side.history"), icon: "clock" as const },
	];
	return (
		<section class="side" id="side" aria-label={t("pane.side")} tabIndex={-1}>
			<IconButton
				icon="back"
				class="side-back"
				label={t("pane.back")}
				onClick={() => {
					st.pane.value = "thread";
				}}
			/>
			<Tabs
				label={t("pane.side")}
				tabs={tabs}
				at={st.tab.value}
				onPick={(id) => {
					st.tab.value = id as st.SideTab;
				}}
			>
				<div class="side-in">
					{st.tab.value === "visitor" && <Visitor r={r} />}
					{st.tab.value === "account" && <Account r={r} />}
					{st.tab.value === "verify" && <Verify s={s} r={r} />}
					{st.tab.value === "articles" && <Articles s={s} r={r} />}
					{st.tab.value === "history" && <History s={s} r={r} />}
				</div>
			</Tabs>
		</section>
	);
}
/** An answer of the pre-chat form; the type of the help center's request form in our words. */
function answer(name: string, value: string): { name: string; value: string } {
	const ours = `visitor.request.${value}`;
	return name === "request" && has(ours) ? { name: t("visitor.request"), value: t(ours) } : { name, value };
}
/** What was typed, and what the page told: named as unproven (P66, P112). */
function Visitor({ r }: { r: Row }): JSX.Element {
	const c = st.details.value[r.id]?.context;
	const fields = Object.entries(r.claimed?.fields ?? {}).filter(([, v]) => v);
	const typed = r.claimed?.name || r.claimed?.email || fields.length;
	return (
		<>
			<section>
				<h2>
					{t("visitor.typed")} <Badge>{t("visitor.unproven")}</Badge>
				</h2>
				{typed ? (
					<dl class="facts">
						<Fact name={t("visitor.name")} value={r.claimed?.name} />
						<Fact name={t("visitor.email")} value={r.claimed?.email} />
						{fields.map(([k, v]) => (
							<Fact key={k} {...answer(k, v)} />
						))}
					</dl>
				) : (
					<p class="quiet-text">{t("visitor.nothing")}</p>
				)}
				{provenAt(st.threads.value[r.id]) && (
					<p>
						<Known r={r} />
					</p>
				)}
				<p class="hint">{t("visitor.typed.hint")}</p>
			</section>
			<section>
				<h2>{t("visitor.page")}</h2>
				<dl class="facts">
					<Fact name={t("visitor.where")} value={<Address url={c?.page || r.page} />} />
					<Fact name={t("visitor.browser")} value={c?.browser || r.browser} />
					<Fact name={t("visitor.lang")} value={r.locale && languageName(r.locale)} />
					<Fact name={t("visitor.since")} value={ago(r.started_at, st.now.value)} title={exact(r.started_at)} />
				</dl>
			</section>
			<section>
				<h2>{t("visitor.tried")}</h2>
				{!c?.searches?.length && !c?.read?.length && <p class="quiet-text">{t("visitor.tried.none")}</p>}
				<ul class="tried">
					{c?.searches?.map((x) => (
						<li key={`q${x.at}${x.q}`}>
							<Icon name="search" />{" "}
							<span class="grow">
								“<bdi>{x.q}</bdi>”
							</span>
						</li>
					))}
					{c?.read?.map((x) => (
						<li key={x.article}>
							<Icon name="book" />
							<span class="grow">
								<bdi>{x.title}</bdi>
								<small class="block">
									{x.solved === undefined ? t("visitor.read") : t(x.solved ? "visitor.solved" : "visitor.unsolved")}
								</small>
							</span>
						</li>
					))}
				</ul>
			</section>
		</>
	);
}
/** An address that breaks after its slashes. */
function Address({ url }: { url: string | undefined }): JSX.Element {
	const parts = shortPage(url).split("/");
	return (
		<bdi dir="ltr">
			{parts.map((p, n) => (
				<Fragment key={`${n}${p}`}>
					{n > 0 && (
						<>
							/<wbr />
						</>
					)}
					{p}
				</Fragment>
			))}
		</bdi>
	);
}
type FactProps = { name: string; value?: string | JSX.Element; title?: string };
function Fact({ name, value, title }: FactProps): JSX.Element | null {
	if (!value) return null;
	return (
		<div>
			<dt>{name}</dt>
			<dd title={title}>{value}</dd>
		</div>
	);
}
function Articles({ s, r }: { s: Session; r: Row }): JSX.Element {
	const [q, setQ] = useState("");
	const [found, setFound] = useState<Suggestion[]>([]);
	const [page, setPage] = useState<Page | undefined>();
	useEffect(() => {
		let mine = true;
		const wait = setTimeout(() => void articlesFor(s, r.id, q).then((x) => mine && setFound(x)), q ? 150 : 0);
		return () => {
			mine = false;
			clearTimeout(wait);
		};
	}, [q, r.id, s]);
	const put = (id: string, label: string) => {
		setDraft(r.id, { article: { id, label } });
		st.composer.value = "reply";
		st.pane.value = "thread";
		requestAnimationFrame(() => document.getElementById("composer")?.focus());
	};
	const openPage = (id: string) =>
		s.socket.command<{ article: Page }>("article.open", { article: id }).then(
			(x) => setPage(x.article),
			(e) => toast(words(e), "stop"),
		);
	if (page)
		return (
			<section class="article">
				<div class="row">
					<Button icon="back" look="quiet" class="way-back" onClick={() => setPage(undefined)}>
						{t("pane.back")}
					</Button>
					<span class="grow" />
					<Button look="main" onClick={() => put(page.article, page.title)}>
						{t("article.insert")}
					</Button>
				</div>
				<h2 dir="auto">{page.title}</h2>
				<Nodes nodes={page.nodes} />
			</section>
		);
	return (
		<section>
			<SearchField label={t("article.find")} value={q} onType={setQ} />
			<h2>{t(q.trim() ? "article.found" : "article.fits")}</h2>
			<p class="sr" role="status">
				{t("home.count", { n: found.length })}
			</p>
			{found.map((a) => (
				<article class="found" key={a.article}>
					<h3>
						<bdi>{a.title}</bdi>
					</h3>
					<p class="quiet-text two-lines">{a.summary}</p>
					<div class="row">
						<Button aria-label={t("article.insert_of", { title: a.title })} onClick={() => put(a.article, a.title)}>
							{t("article.insert")}
						</Button>
						<Button
							look="quiet"
							icon="eye"
							aria-label={t("article.read_of", { title: a.title })}
							onClick={() => void openPage(a.article)}
						>
							{t("article.read")}
						</Button>
					</div>
				</article>
			))}
			{!found.length && <p class="quiet-text">{t(q.trim() ? "article.none" : "article.none.fits")}</p>}
		</section>
	);
}
