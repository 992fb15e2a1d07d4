import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../kit/i18n";
import { steppingUp } from "../../kit/passkey";
import { exact } from "../../kit/time";
import { api, Button, Icon, Passkeys, tellRefused, toast } from "../../kit/ui";
import { may, type Person, type PolicyWait, useLoad } from "../data";
import { Part } from "../parts";

/** The policy that waits: what it would change, who wants it, and an admin's yes or no. */
export function WaitingPolicy({ w, reload }: { w: PolicyWait; reload(): Promise<void> }): JSX.Element {
	const people = useLoad<{ agents: Person[] }>("/v1/agents");
	const [busy, setBusy] = useState(false);
	const [keys, setKeys] = useState(false);
	const who = people.data?.agents.find((p) => p.id === w.ask.asked_by)?.name ?? "–";
	const say = async (yes: boolean) => {
		setBusy(true);
		try {
			await steppingUp(api, () => api("PUT", "/v1/verification/policy", { hash: w.hash, yes }));
			toast(t(yes ? "a.policy.yes.done" : "a.policy.no.done"), "ok");
			await reload();
		} catch (e) {
			tellRefused(e, () => setKeys(true));
		}
		setBusy(false);
	};
	return (
		<Part title={t("a.policy")} hint={t("a.policy.hint")} class="wide">
			{keys && <Passkeys onClose={() => setKeys(false)} />}
			<p class="notice wait" role="status">
				<Icon name="warn" />
				<span>
					{w.ask.on_at
						? t("a.policy.on", { at: exact(w.ask.on_at) })
						: w.ask.asked_by
							? t("a.policy.asked", { name: who })
							: t("a.policy.since", { at: exact(w.since) })}
				</span>
			</p>
			<ul class="lines">
				{w.changes.map((c) => (
					<li key={`${c.what} ${c.name}`}>
						<span class="grow">
							{t(`a.policy.${c.what}`, { name: c.name })}
							<small class="under" dir="ltr">
								{c.from || "–"} → {c.to || "–"}
							</small>
						</span>
					</li>
				))}
			</ul>
			{may("settings") && (
				<div class="row">
					{!w.ask.on_at && (
						<Button busy={busy} off={w.act ? false : t("a.kind.recent")} onClick={() => void say(true)}>
							{t(w.act === "agree" ? "a.policy.agree" : w.act === "again" ? "a.kind.again" : "a.policy.ask")}
						</Button>
					)}
					{w.ask.asked_by && (
						<Button look="quiet" busy={busy} onClick={() => void say(false)}>
							{t("a.policy.no")}
						</Button>
					)}
				</div>
			)}
		</Part>
	);
}
