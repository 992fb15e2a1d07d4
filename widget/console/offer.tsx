import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { t } from "../kit/i18n";
import { Badge, Button } from "../kit/ui";
import type { Row } from "../kit/wire";
import type { Session } from "./session";
import { boxName, now, rings } from "./state";
import { visitorName } from "./words";

/** The ring: a circle that empties, a number that counts down, accept with Enter (P36). */
export function Offer({ s }: { s: Session }): JSX.Element | null {
	const r = rings.value[0];
	return (
		<div class="offers" role="alert">
			{r && <Card key={`${r.id}/${r.offer?.ring}`} s={s} r={r} more={rings.value.length - 1} />}
		</div>
	);
}
function Card({ s, r, more }: { s: Session; r: Row; more: number }): JSX.Element {
	const until = r.offer?.until ?? 0;
	const left = Math.max(0, until - now.value);
	const whole = useRef(Math.max(left, 1000)).current;
	return (
		<section class="offer" aria-label={t("offer.title")}>
			<div class="offer-head">
				<Ring part={left / whole} n={Math.ceil(left / 1000)} />
				<div class="grow">
					<b>{t("offer.title")}</b>
					<p class="card-meta">
						<Badge>{boxName(r.mailbox)}</Badge>
						{more > 0 && <small>{t("offer.more", { n: more })}</small>}
					</p>
				</div>
			</div>
			<p class="offer-words">
				<b class="one-line block">{visitorName(r)}</b>
				<span class="two-lines">
					<bdi>{r.first_words || t("list.nowords")}</bdi>
				</span>
			</p>
			<div class="offer-actions">
				<Button look="main" icon="check" onClick={() => void s.claim(r.id)}>
					{t("offer.accept")}
				</Button>
				<Button onClick={() => void s.decline(r)}>{t("offer.decline")}</Button>
				<kbd>Enter</kbd>
			</div>
		</section>
	);
}
const R = 28;
const ROUND = 2 * Math.PI * R;
/** Seconds left, in a ring; read as text once, not every second. */
export function Ring({ part, n }: { part: number; n: number }): JSX.Element {
	return (
		<span class="ring" aria-hidden="true">
			<svg viewBox="0 0 64 64" aria-hidden="true" focusable="false">
				<circle cx="32" cy="32" r={R} class="ring-back" />
				<circle
					cx="32"
					cy="32"
					r={R}
					class="ring-left"
					stroke-dasharray={`${ROUND}`}
					stroke-dashoffset={`${ROUND * (1 - Math.max(0, Math.min(1, part)))}`}
				/>
			</svg>
			<b>{n}</b>
		</span>
	);
}
