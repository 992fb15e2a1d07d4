import type { JSX } from "preact";
import { t } from "../kit/i18n";
import { Avatar, Brand, holdsPasskeys, Icon, LANGUAGES, Popover, prefs, Switch, setPrefs } from "../kit/ui";
import { Availability } from "./availability";
import { speak } from "./lang";
import type { Session } from "./session";
import { dialog, me, myAbsence, place } from "./state";

const MOD = /Mac|iP(hone|ad)/.test(navigator.userAgent) ? "⌘" : "Ctrl";

export function Top({ s }: { s: Session }): JSX.Element {
	return (
		<header class="top">
			<Brand bare />
			{place.value !== "replies" && <h1 class="sr">{t(`view.${place.value}`)}</h1>}
			<button
				type="button"
				class="btn finder"
				aria-label={t("top.find")}
				onClick={() => {
					dialog.value = { what: "palette" };
				}}
			>
				<Icon name="search" />
				<span class="grow one-line wide-only">{t("top.find")}</span>
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
	const name = me.value?.name ?? "";
	return (
		<Popover
			kind="dialog"
			align="end"
			label={t("me.menu", { name })}
			class="me-button"
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
					<Settings />
					<hr />
					<Ways s={s} close={close} />
				</div>
			)}
		</Popover>
	);
}
function Settings(): JSX.Element {
	const p = prefs.value;
	const scheme = ["", "light", "dark"].map((v) => ({ id: v, name: t(`me.scheme.${v || "system"}`) }));
	const density = ["", "compact"].map((v) => ({ id: v, name: t(`me.density.${v || "comfortable"}`) }));
	const change = (lang: string) => void speak(lang).then(() => setPrefs({ lang }));
	return (
		<>
			<Switch label={t("me.sound")} on={p.sound} onChange={(sound) => setPrefs({ sound })} />
			<Switch label={t("me.keys")} hint={t("me.keys.hint")} on={p.keys} onChange={(keys) => setPrefs({ keys })} />
			<Choice label={t("me.scheme")} at={p.scheme} of={scheme} pick={(scheme) => setPrefs({ scheme })} />
			<Choice label={t("me.density")} at={p.density} of={density} pick={(density) => setPrefs({ density })} />
			<Choice label={t("me.lang")} at={p.lang.startsWith("ar") ? "ar" : "en"} of={LANGUAGES} pick={change} />
		</>
	);
}
type Option = { readonly id: string; readonly name: string };
type ChoiceProps = { label: string; at: string; of: readonly Option[]; pick(id: string): void };
function Choice({ label, at, of, pick }: ChoiceProps): JSX.Element {
	return (
		<label class="be-row">
			<span class="grow">{label}</span>
			<select value={at} onChange={(e) => pick(e.currentTarget.value)}>
				{of.map((o) => (
					<option value={o.id} key={o.id} selected={o.id === at}>
						{o.name}
					</option>
				))}
			</select>
		</label>
	);
}
function Ways({ s, close }: { s: Session; close(): void }): JSX.Element {
	const toReplies = () => {
		close();
		place.value = "replies";
	};
	const toKeys = () => {
		close();
		dialog.value = { what: "shortcuts" };
	};
	const toPasskeys = () => {
		close();
		dialog.value = { what: "passkeys" };
	};
	const toAway = () => {
		close();
		dialog.value = { what: "away" };
	};
	return (
		<>
			<Go icon="clock" label={myAbsence() || t("away.title")} run={toAway} />
			<Go icon="bolt" label={t("view.replies")} run={toReplies} />
			<Go icon="keyboard" label={t("keys.title")} run={toKeys} />
			{holdsPasskeys(me.value?.role) && <Go icon="lock" label={t("passkey.title")} run={toPasskeys} />}
			{["admin", "supervisor"].includes(me.value?.role ?? "") && (
				<a class="item" href="/admin">
					<Icon name="settings" /> {t("elsewhere.admin")}
				</a>
			)}
			<Go icon="exit" label={t("me.out")} run={() => void s.signOut()} />
		</>
	);
}
function Go({
	icon,
	label,
	run,
}: {
	icon: "bolt" | "clock" | "keyboard" | "lock" | "exit";
	label: string;
	run(): void;
}): JSX.Element {
	return (
		<button type="button" class="item" onClick={run}>
			<Icon name={icon} /> {label}
		</button>
	);
}
