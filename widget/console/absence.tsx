import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { after, field, start } from "../kit/days";
import { t } from "../kit/i18n";
import { api, Button, FormDialog, TextField, toast, words } from "../kit/ui";
import { whoAmI } from "./reads";
import { me, myId, now } from "./state";

/** My own absence, by whole days (P49): nothing is offered or assigned to me meanwhile. */
export function Absence({ shut }: { shut(): void }): JSX.Element {
	const { away_from: from = 0, away_until: until = 0 } = me.value ?? {};
	const live = until > now.value;
	const [first, setFirst] = useState(live ? field(from) : field(now.value));
	const [last, setLast] = useState(live ? field(until - 1) : "");
	const [error, setError] = useState("");
	const [busy, setBusy] = useState(false);
	const put = async (body: { from: number; until: number }) => {
		setBusy(true);
		setError("");
		try {
			await api("PUT", `/v1/availability/${myId.value}/away`, body);
			await whoAmI();
			toast(t(body.until ? "away.saved" : "away.taken_back"), "ok");
			shut();
		} catch (e) {
			setError(words(e));
			setBusy(false);
		}
	};
	const submit = () => {
		if (!first || !last || after(last) <= start(first) || after(last) <= now.value) return setError(t("away.wrong"));
		void put({ from: start(first), until: after(last) });
	};
	return (
		<FormDialog
			title={t("away.title")}
			submit={t("away.go")}
			busy={busy}
			error={error}
			onSubmit={submit}
			onClose={shut}
			more={
				live && (
					<Button busy={busy} onClick={() => void put({ from: 0, until: 0 })}>
						{t("away.take_back")}
					</Button>
				)
			}
		>
			<p class="hint">{t("away.hint")}</p>
			<TextField label={t("away.first")} type="date" value={first} onInput={(e) => setFirst(e.currentTarget.value)} />
			<TextField
				label={t("away.last")}
				type="date"
				value={last}
				data-first
				onInput={(e) => setLast(e.currentTarget.value)}
			/>
		</FormDialog>
	);
}
