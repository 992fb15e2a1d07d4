import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { languageName, t } from "../../kit/i18n";
import { api, Badge, Button, SelectField, TextField } from "../../kit/ui";
import { type Box, type Pin, wrong } from "../data";
import { Part } from "../parts";
import { dayStart } from "../schedule";

type Props = { title(id: string): string; boxes: Box[]; locales: string[] };
/** Tries an address: which pins hold for it, in the order in which visitors see them. */
export function PinTest({ title, boxes, locales }: Props): JSX.Element {
	const [url, setUrl] = useState("");
	const [box, setBox] = useState("");
	const [locale, setLocale] = useState("");
	const [at, setAt] = useState("");
	const [hits, setHits] = useState<Pin[]>();
	const [error, setError] = useState("");
	const run = async () => {
		try {
			const q = new URLSearchParams({ url: url.trim() });
			if (box) q.set("mailbox", box);
			if (locale) q.set("locale", locale);
			if (at) q.set("at", String(dayStart(at)));
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
				<SelectField
					label={t("a.pin.locale")}
					value={locale}
					options={[
						{ value: "", label: t("a.pins.test.locale") },
						...locales.map((l) => ({ value: l, label: languageName(l) })),
					]}
					onPick={setLocale}
				/>
				<TextField label={t("a.pins.test.at")} type="date" value={at} onInput={(e) => setAt(e.currentTarget.value)} />
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
