import type { JSX } from "preact";
import { t } from "../kit/i18n";
import { Avatar, Icon, Popover, Switch } from "../kit/ui";
import { Availability } from "./availability";
import { LANGUAGES, speak } from "./lang";
import type { Session } from "./session";
import { dialog, me, place, prefs, setPrefs } from "./state";

const MOD = /Mac|iP(hone|ad)/.test(navigator.userAgent) ? "⌘" : "Ctrl";

export function Top({ s }: { s: Session }): JSX.Element {
	return (
		<header class="top">
			<p class="brand">
				<Icon name="gate" /> <span class="wide-only">Postern</span>
			</p>
			{place.value !== "replies" && <h1 class="sr">{t(`view.${place.value}`)}</h1>}
			<button
				type="button"
				class="btn finder"
				onClick={() => {
					dialog.value = { what: "palette" };
				}}
			>
				<Icon name="search" />
				<span class="grow one-line">{t("top.find")}</span>
				<kbd class="wide-only">{MOD} K</kbd>
			</button>
			<span class="grow" />
			<Availability s={s} />
			<Mine s={s} />
		</header>
	);
}
/** My settings of this browser, and the way out. */
function Mine({ s }: { s: Session }): JSX.Element {
	const p = prefs.value;
	const name = me.value?.name ?? "";
	return (
		<Popover
			kind="dialog"
			align="end"
			label={t("me.menu", { name })}
			class="icon-btn me-button"
			button={<Avatar name={name} of={me.value?.id} />}
		>
			{(close) => (
				<div class="mine">
					<p class="mine-head">
						<b>{name}</b>
						<small>
							{t(`role.${me.value?.role}`)} · {me.value?.email}
						</small>
					</p>
					<Switch label={t("me.sound")} on={p.sound} onChange={(sound) => setPrefs({ sound })} />
					<Switch label={t("me.keys")} hint={t("me.keys.hint")} on={p.keys} onChange={(keys) => setPrefs({ keys })} />
					<label class="be-row">
						<span class="grow">{t("me.scheme")}</span>
						<select value={p.scheme} onChange={(e) => setPrefs({ scheme: e.currentTarget.value })}>
							<option value="">{t("me.scheme.system")}</option>
							<option value="light">{t("me.scheme.light")}</option>
							<option value="dark">{t("me.scheme.dark")}</option>
						</select>
					</label>
					<label class="be-row">
						<span class="grow">{t("me.density")}</span>
						<select value={p.density} onChange={(e) => setPrefs({ density: e.currentTarget.value })}>
							<option value="">{t("me.density.comfortable")}</option>
							<option value="compact">{t("me.density.compact")}</option>
						</select>
					</label>
					<label class="be-row">
						<span class="grow">{t("me.lang")}</span>
						<select
							value={p.lang.startsWith("ar") ? "ar" : "en"}
							onChange={(e) => {
								const lang = e.currentTarget.value;
								void speak(lang).then(() => setPrefs({ lang }));
							}}
						>
							{LANGUAGES.map((l) => (
								<option value={l.id} key={l.id} lang={l.id}>
									{l.name}
								</option>
							))}
						</select>
					</label>
					<hr />
					<Go
						icon="bolt"
						label={t("view.replies")}
						run={() => {
							close();
							place.value = "replies";
						}}
					/>
					<Go
						icon="keyboard"
						label={t("keys.title")}
						run={() => {
							close();
							dialog.value = { what: "shortcuts" };
						}}
					/>
					{["admin", "supervisor"].includes(me.value?.role ?? "") && (
						<a class="item" href="/admin">
							<Icon name="settings" /> {t("elsewhere.admin")}
						</a>
					)}
					<Go icon="exit" label={t("me.out")} run={() => void s.signOut()} />
				</div>
			)}
		</Popover>
	);
}
function Go({ icon, label, run }: { icon: "bolt" | "keyboard" | "exit"; label: string; run(): void }): JSX.Element {
	return (
		<button type="button" class="item" onClick={run}>
			<Icon name={icon} flip={icon === "exit"} /> {label}
		</button>
	);
}
