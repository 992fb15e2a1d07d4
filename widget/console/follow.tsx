import type { JSX } from "preact";
import { t } from "../kit/i18n";
import { IconButton } from "../kit/ui";
import type { Row } from "../kit/wire";
import type { Session } from "./session";
import * as st from "./state";

/** Follows a conversation, or stops: who does not follow hears of it no more, at once (P79). */
export async function follow(s: Session, r: Row): Promise<void> {
	const wanted = !st.hears(r);
	const before = st.follows.value;
	st.follows.value = { ...before, [r.id]: wanted };
	const args = { conversation: r.id, wanted };
	if (!(await s.act("conversation.follow", args, t(wanted ? "follow.on" : "follow.off")))) st.follows.value = before;
}
export function FollowButton({ s, r }: { s: Session; r: Row }): JSX.Element {
	const on = st.hears(r);
	return (
		<IconButton
			icon={on ? "bell" : "mute"}
			label={t("follow.label")}
			aria-pressed={on}
			onClick={() => void follow(s, r)}
		/>
	);
}
