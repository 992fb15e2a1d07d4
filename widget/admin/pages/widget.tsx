import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../kit/i18n";
import { api, ask, Button, Icon, IconButton, SelectField, TextField, toast } from "../../kit/ui";
import { type Box, useLoad, type Wrong, wrong } from "../data";
import { go } from "../guard";
import { originOf } from "../origin";
import { Copy, Head, Loaded, NoMailbox, Part } from "../parts";

/** What a site needs to show the widget: who may embed it, the line to paste, and what its own rules must allow. */
export function WidgetPage({ slug }: { slug: string | undefined }): JSX.Element {
	const boxes = useLoad<{ mailboxes: Box[] }>("/v1/mailboxes");
	return (
		<>
			<Head title={t("a.widget")} hint={t("a.widget.hint")} />
			<Loaded from={boxes}>
				{(d) => {
					const box = d.mailboxes.find((b) => b.slug === slug) ?? d.mailboxes[0];
					if (!box) return <NoMailbox />;
					return (
						<>
							<div class="filters">
								<SelectField
									label={t("a.mailbox")}
									value={box.slug}
									options={d.mailboxes.map((b) => ({ value: b.slug, label: b.name }))}
									onPick={(s) => void go("widget", s)}
								/>
							</div>
							<Origins key={box.id} box={box} onSaved={boxes.reload} />
							<Paste box={box} />
						</>
					);
				}}
			</Loaded>
		</>
	);
}

function Origins({ box, onSaved }: { box: Box; onSaved(): Promise<void> }): JSX.Element {
	const [text, setText] = useState("");
	const [bad, setBad] = useState<Wrong>();
	const list = box.origins ?? [];
	const put = async (origins: string[]) => {
		try {
			await api("PUT", `/v1/mailboxes/${box.id}`, { ...box, origins });
			setText("");
			setBad(undefined);
			await onSaved();
			return true;
		} catch (e) {
			setBad(wrong(e));
			return false;
		}
	};
	const add = async () => {
		const o = originOf(text.trim());
		if (!o) return setBad({ text: t("a.error.origins") });
		if (list.includes(o)) return setBad({ text: t("a.widget.origin.twice") });
		if (await put([...list, o])) toast(t("a.widget.origin.added", { origin: o }), "ok");
	};
	const drop = async (o: string) => {
		const sure = await ask({
			title: t("a.widget.origin.drop", { origin: o }),
			text: t("a.widget.origin.drop.text"),
			action: t("a.widget.origin.remove"),
			stop: true,
		});
		if (sure && (await put(list.filter((x) => x !== o)))) toast(t("a.saved"), "ok");
	};
	return (
		<Part title={t("a.widget.origins")} hint={t("a.widget.origins.hint")}>
			{list.length ? (
				<ul class="lines" aria-label={t("a.widget.origins")}>
					{list.map((o) => (
						<li key={o}>
							<Icon name="globe" />
							<code class="grow" dir="ltr">
								{o}
							</code>
							<a class="btn quiet" href={o} target="_blank" rel="noopener noreferrer">
								{t("a.widget.see")}
								<span class="sr"> {o}</span>
							</a>
							<IconButton icon="trash" label={t("a.remove", { what: o })} onClick={() => void drop(o)} />
						</li>
					))}
				</ul>
			) : (
				<p class="quiet-text">{t("a.widget.origins.none")}</p>
			)}
			<form
				class="with-button"
				onSubmit={(e) => {
					e.preventDefault();
					void add();
				}}
			>
				<TextField
					label={t("a.widget.origin")}
					value={text}
					error={bad?.text}
					placeholder="https://shop.example.com"
					dir="ltr"
					onInput={(e) => setText(e.currentTarget.value)}
				/>
				<Button type="submit" icon="plus" off={text.trim() ? false : t("a.widget.origin.need")}>
					{t("a.widget.origin.add")}
				</Button>
			</form>
		</Part>
	);
}

function Paste({ box }: { box: Box }): JSX.Element {
	const here = location.origin;
	return (
		<>
			<Part title={t("a.widget.snippet")} hint={t("a.widget.snippet.hint")}>
				<Copy
					label={t("a.widget.snippet")}
					rows={2}
					text={`<script async src="${here}/widget/loader.js" data-mailbox="${box.slug}"></script>`}
				/>
			</Part>
			<Part title={t("a.widget.csp")} hint={t("a.widget.csp.hint")}>
				<Copy label={t("a.widget.csp")} text={`script-src ${here};\nframe-src ${here};`} />
			</Part>
		</>
	);
}
