import type { JSX } from "preact";
import { t } from "../kit/i18n";
import { Dialog } from "../kit/ui";

/** Every key that works, by name; the numbers are the texts' keys. */
const table: [string, string[]][] = [
	["palette", ["Ctrl", "K"]],
	["list", ["?"]],
	["accept", ["Enter"]],
	["next", ["J"]],
	["previous", ["K"]],
	["claim", ["I"]],
	["assign", ["A"]],
	["close", ["E"]],
	["snooze", ["S"]],
	["follow", ["F"]],
	["undo", ["Z"]],
	["reply", ["R"]],
	["note", ["N"]],
	["verify", ["V"]],
	["articles", ["B"]],
	["draft", ["M"]],
	["merge", ["Y"]],
	["forward", ["W"]],
	["chat", ["C"]],
	["send", ["Enter"]],
	["send.ticket", ["Ctrl", "Enter"]],
	["send.other", ["Ctrl", "Shift", "Enter"]],
	["slash", ["/"]],
	["hash", ["#"]],
	["at", ["@"]],
	["go", ["G", "I M U T W Z C R A"]],
	["be", ["D", "1 2 3 4"]],
	["panes", ["F6"]],
	["escape", ["Esc"]],
];
export function Shortcuts({ close }: { close(): void }): JSX.Element {
	return (
		<Dialog title={t("keys.title")} onClose={close} wide>
			<dl class="keys">
				{table.map(([name, keys]) => (
					<div key={name}>
						<dt>
							{keys.map((k) => (
								<kbd key={k}>{k}</kbd>
							))}
						</dt>
						<dd>{t(`keys.${name}`)}</dd>
					</div>
				))}
			</dl>
		</Dialog>
	);
}
