import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../kit/i18n";
import { api, Badge, Button, Dialog, Empty, SelectField, TextField, toast } from "../../kit/ui";
import { type Article, type Box, type Pin, useLoad, type Wrong, wrong } from "../data";
import { ask } from "../guard";
import { Head, Loaded, Part, Table } from "../parts";

/** Articles pinned to pages of the site, with a box that tries an address. */
export function PinsPage(): JSX.Element {
	const pins = useLoad<{ pins: Pin[] }>("/v1/pins");
	const articles = useLoad<{ articles: Article[] }>("/v1/articles");
	const boxes = useLoad<{ mailboxes: Box[] }>("/v1/mailboxes");
	const [edit, setEdit] = useState<Pin>();
	const title = (id: string) => articles.data?.articles.find((a) => a.id === id)?.version.title ?? t("a.gone");
	const create = (
		<Button
			look="main"
			icon="plus"
			onClick={() => setEdit({ id: "", article: "", pattern: "/", from: 0, until: 0, order: 1 })}
		>
			{t("a.pins.new")}
		</Button>
	);
	const drop = async (p: Pin) => {
		try {
			await api("DELETE", `/v1/pins/${p.id}`);
			await pins.reload();
			const again = async () => {
				await api("POST", "/v1/pins", { ...p, id: undefined });
				await pins.reload();
			};
			toast(t("a.pins.removed"), "info", { label: t("a.undo"), run: () => void again() });
		} catch (e) {
			toast(wrong(e).text, "stop");
		}
	};
	return (
		<>
			<Head title={t("a.pins")} hint={t("a.pins.hint")}>
				{pins.data?.pins.length ? create : null}
			</Head>
			<Loaded from={pins}>
				{(d) =>
					d.pins.length ? (
						<>
							<Table
								label={t("a.pins")}
								rows={d.pins}
								id={(p) => p.id}
								columns={[
									{ id: "pattern", label: t("a.pin.pattern"), cell: (p) => <code dir="ltr">{p.pattern}</code> },
									{ id: "article", label: t("a.pin.article"), grow: true, cell: (p) => <bdi>{title(p.article)}</bdi> },
									{
										id: "box",
										label: t("a.mailbox"),
										cell: (p) => boxes.data?.mailboxes.find((b) => b.id === p.mailbox)?.name ?? t("a.all"),
									},
									{ id: "order", label: t("a.pin.order"), cell: (p) => p.order },
									{
										id: "acts",
										label: t("a.actions"),
										cell: (p) => (
											<span class="acts">
												<Button
													look="quiet"
													onClick={() => setEdit(p)}
													aria-label={`${t("a.edit")}: ${p.pattern} → ${title(p.article)}`}
												>
													{t("a.edit")}
												</Button>
												<Button
													look="quiet"
													onClick={() => void drop(p)}
													aria-label={`${t("a.delete")}: ${p.pattern} → ${title(p.article)}`}
												>
													{t("a.delete")}
												</Button>
											</span>
										),
									},
								]}
							/>
							<Test title={title} boxes={boxes.data?.mailboxes ?? []} />
						</>
					) : (
						<Empty icon="link" title={t("a.pins.none")}>
							<p>{t("a.pins.none.text")}</p>
							{create}
						</Empty>
					)
				}
			</Loaded>
			{edit && (
				<Edit
					old={edit}
					articles={articles.data?.articles ?? []}
					boxes={boxes.data?.mailboxes ?? []}
					onClose={() => setEdit(undefined)}
					onSaved={() => {
						setEdit(undefined);
						void pins.reload();
					}}
				/>
			)}
		</>
	);
}

function Test({ title, boxes }: { title(id: string): string; boxes: Box[] }): JSX.Element {
	const [url, setUrl] = useState("");
	const [box, setBox] = useState("");
	const [hits, setHits] = useState<Pin[]>();
	const [error, setError] = useState("");
	const run = async () => {
		try {
			const q = new URLSearchParams({ url: url.trim(), ...(box ? { mailbox: box } : {}) });
			setHits((await api<{ pins: Pin[] }>("GET", `/v1/pins/test?${q}`)).pins);
			setError("");
		} catch (e) {
			setError(wrong(e).text);
			setHits(undefined);
		}
	};
	return (
		<Part title={t("a.pins.test")} hint={t("a.pins.test.hint")}>
			<form
				class="with-button"
				onSubmit={(e) => {
					e.preventDefault();
					void run();
				}}
			>
				<TextField
					label={t("a.pins.test.url")}
					value={url}
					error={error}
					dir="ltr"
					placeholder="https://shop.example.com/orders/7"
					onInput={(e) => setUrl(e.currentTarget.value)}
				/>
				<SelectField
					label={t("a.mailbox")}
					value={box}
					options={[{ value: "", label: t("a.pins.test.any") }, ...boxes.map((b) => ({ value: b.id, label: b.name }))]}
					onPick={setBox}
				/>
				<Button type="submit" off={url.trim() ? false : t("a.pins.test.need")}>
					{t("a.pins.test.run")}
				</Button>
			</form>
			<div role="status">
				{hits && !hits.length && <p class="quiet-text">{t("a.pins.test.none")}</p>}
				{hits && hits.length > 0 && (
					<ol class="lines">
						{hits.map((p) => (
							<li key={p.id}>
								<Badge tone="ok" icon="check">
									{t("a.pins.test.hit")}
								</Badge>
								<span class="grow">
									<bdi>{title(p.article)}</bdi>
								</span>
								<code dir="ltr">{p.pattern}</code>
							</li>
						))}
					</ol>
				)}
			</div>
		</Part>
	);
}

type EditProps = { old: Pin; articles: Article[]; boxes: Box[]; onClose(): void; onSaved(): void };
function Edit({ old, articles, boxes, onClose, onSaved }: EditProps): JSX.Element {
	const [p, setP] = useState(old);
	const [bad, setBad] = useState<Wrong>();
	const put = (part: Partial<Pin>) => setP({ ...p, ...part });
	const err = (f: string) => (bad?.field === f ? bad.text : undefined);
	const changed = JSON.stringify(p) !== JSON.stringify(old);
	const close = async () => {
		const q = { title: t("a.leave.title"), text: t("a.leave.text"), action: t("a.leave.discard"), stop: true };
		if (!changed || (await ask(q))) onClose();
	};
	const live = articles.filter((a) => a.status === "published" || a.id === p.article);
	const save = async () => {
		if (!p.article) return setBad({ field: "article", text: t("a.error.article") });
		try {
			const body = {
				article: p.article,
				pattern: p.pattern,
				mailbox: p.mailbox ?? "",
				locale: p.locale ?? "",
				from: p.from,
				until: p.until,
				order: p.order,
			};
			await api(p.id ? "PUT" : "POST", p.id ? `/v1/pins/${p.id}` : "/v1/pins", body);
			toast(t("a.saved"), "ok");
			onSaved();
		} catch (e) {
			setBad(wrong(e));
		}
	};
	return (
		<Dialog title={t(p.id ? "a.pins.edit" : "a.pins.new")} close={t("a.close")} onClose={() => void close()}>
			<form
				class="form"
				onSubmit={(e) => {
					e.preventDefault();
					void save();
				}}
			>
				<TextField
					label={t("a.pin.pattern")}
					hint={t("a.pin.pattern.hint")}
					value={p.pattern}
					error={err("pattern")}
					dir="ltr"
					data-first
					onInput={(e) => put({ pattern: e.currentTarget.value })}
				/>
				<SelectField
					label={t("a.pin.article")}
					value={p.article}
					error={err("article")}
					options={[
						{ value: "", label: t("a.pin.article.pick") },
						...live.map((a) => ({ value: a.id, label: a.version.title })),
					]}
					onPick={(article) => put({ article })}
				/>
				<SelectField
					label={t("a.mailbox")}
					value={p.mailbox ?? ""}
					options={[{ value: "", label: t("a.all") }, ...boxes.map((b) => ({ value: b.id, label: b.name }))]}
					onPick={(mailbox) => put({ mailbox })}
				/>
				<TextField
					label={t("a.pin.order")}
					hint={t("a.pin.order.hint")}
					type="number"
					min={0}
					max={10000}
					value={p.order}
					error={err("order")}
					onInput={(e) => put({ order: Math.round(e.currentTarget.valueAsNumber) || 0 })}
				/>
				<p class="error" role="alert">
					{bad && !["pattern", "article", "order"].includes(bad.field ?? "") ? bad.text : ""}
				</p>
				<div class="actions">
					<Button onClick={() => void close()}>{t("a.cancel")}</Button>
					<Button look="main" type="submit">
						{t("a.save")}
					</Button>
				</div>
			</form>
		</Dialog>
	);
}
