import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { has, t } from "../kit/i18n";
import { CommandError } from "../kit/socket";
import { FormDialog, TextField, toast, words } from "../kit/ui";
import type { Row } from "../kit/wire";
import { step } from "./list";
import { readDetail } from "./reads";
import type { Session } from "./session";
import * as st from "./state";
import { whyWords } from "./words";

/** Ends a conversation for a reason; what was said proposes the first one (P45, P81). */
export function Close({ s, r, shut }: { s: Session; r: Row; shut(): void }): JSX.Element {
	const d = st.details.value[r.id];
	const proposed = () => st.details.value[r.id]?.proposed || "resolved";
	const reasons = d?.reasons.length ? d.reasons : ["resolved", "idle", "duplicate", "spam"];
	const [picked, setPicked] = useState("");
	const reason = picked || proposed();
	const [of, setOf] = useState("");
	const [error, setError] = useState("");
	const [busy, setBusy] = useState(false);
	// The proposal is of the last word, and one that was sent a moment ago stands in no details yet.
	const [fresh] = useState(() => readDetail(r.id));
	const submit = async () => {
		const next = st.place.value === "mine" ? step(1) : undefined;
		setBusy(true);
		try {
			await fresh;
			const reason = picked || proposed();
			const number = reason === "duplicate" ? Number(of.replace(/\D/g, "")) : 0;
			const first = number ? (await s.find(`#${number}`)).find((x) => x.number === number) : undefined;
			if (number && !first) throw new CommandError({ code: "not_found" });
			await s.socket.command("conversation.close", { conversation: r.id, reason, ...(first ? { of: first.id } : {}) });
			toast(t("close.done"), "ok");
			shut();
			if (next && next !== r.id) void s.show(next);
		} catch (x) {
			setError(words(x));
			setBusy(false);
		}
	};
	return (
		<FormDialog
			title={t("close.title")}
			submit={t("close.go")}
			busy={busy}
			error={error}
			onSubmit={() => void submit()}
			onClose={shut}
		>
			<fieldset class="choices column">
				<legend>{t("close.reason")}</legend>
				{reasons.map((v) => (
					<label class="choice" key={v}>
						<input
							type="radio"
							name="reason"
							value={v}
							data-first={v === reason || undefined}
							checked={reason === v}
							onChange={() => setPicked(v)}
						/>
						<span>
							<bdi>{whyWords(v)}</bdi>
							{has(`why.${v}.hint`) && <small class="block">{t(`why.${v}.hint`)}</small>}
						</span>
					</label>
				))}
			</fieldset>
			{reason === "duplicate" && (
				<TextField
					label={t("close.of")}
					hint={t("close.of.hint")}
					inputMode="numeric"
					dir="ltr"
					value={of}
					onInput={(e) => setOf(e.currentTarget.value)}
				/>
			)}
		</FormDialog>
	);
}
