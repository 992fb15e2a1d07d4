import type { JSX } from "preact";
import { t } from "../kit/i18n";
import { Icon, MenuItem, Popover } from "../kit/ui";
import type { Row } from "../kit/wire";
import * as st from "./state";
import type { Item } from "./story";
import { mayAct } from "./ties";

/** What can be done with one message of a ticket; nothing where nothing can. */
export function SaidMenu({ r, i }: { r: Row; i: Extract<Item, { kind: "message" | "note" }> }): JSX.Element | null {
	if (!r.number || r.id !== st.open.value || i.of || i.kind === "note" || !mayAct(r)) return null;
	const splits = i.role === "visitor" && r.status !== "closed";
	return (
		<Popover label={t("said.more")} class="icon-btn" button={<Icon name="more" />}>
			{(close) => (
				<>
					<MenuItem
						icon="mail"
						label={t("forward.open")}
						onPick={() => {
							close();
							st.dialog.value = { what: "forward", message: i.message };
						}}
					/>
					{splits && (
						<MenuItem
							icon="ticket"
							label={t("split.from")}
							onPick={() => {
								close();
								st.dialog.value = { what: "split", seq: i.seq, text: i.message.text };
							}}
						/>
					)}
				</>
			)}
		</Popover>
	);
}
