import { useState } from "preact/hooks";
import { useCity } from "../lib/city";
import { language, useWords } from "../lib/i18n";
import { go, usePlace, useTitle } from "../lib/router";
import { redeemCode, requestCode, type Session } from "../lib/session";
import { Failure, Field, Heading } from "../ui/parts";

/** Six digits to a phone, and back. Whoever is not known gets the same words. */
export function SignInPage() {
  const { query } = usePlace();
  const as: Session["as"] = query.get("sebagai") === "petugas" ? "officer" : "citizen";
  const back = query.get("ke") ?? (as === "officer" ? "/meja" : "/lacak");
  return <SignIn as={as} onDone={() => go(back.startsWith("/") && !back.startsWith("//") ? back : "", true)} />;
}

export function SignIn({ as, onDone }: { as: Session["as"]; onDone: () => void }) {
  const t = useWords();
  const known = useCity();
  const [phone, setPhone] = useState("");
  const [digits, setDigits] = useState("");
  const [challenge, setChallenge] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  useTitle(t("sign_in"), known?.service ?? t("service"));
  const act = (work: Promise<unknown>): void => {
    setBusy(true);
    setError(null);
    work.catch(setError).finally(() => setBusy(false));
  };
  return (
    <>
      <Heading>{t(as === "officer" ? "sign_in_officer" : "sign_in")}</Heading>
      {error !== null && <Failure error={error} />}
      {challenge ? (
        <form
          key="digits"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            act(redeemCode(challenge, digits.replace(/\D/g, ""), language.value).then(onDone));
          }}
        >
          <p role="status">{t("code_sent")}</p>
          <Field id="digits" label={t("digits_label")}>
            {(ids) => (
              <input
                {...ids}
                inputMode="numeric"
                autoComplete="one-time-code"
                maxLength={12}
                autoFocus
                value={digits}
                onInput={(event) => setDigits(event.currentTarget.value)}
              />
            )}
          </Field>
          <button disabled={busy}>{t("sign_in")}</button>{" "}
          <button type="button" class="plain" onClick={() => setChallenge("")}>
            {t("other_number")}
          </button>
        </form>
      ) : (
        <form
          key="phone"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            act(requestCode(phone.trim(), as, language.value).then((sent) => setChallenge(sent.challenge)));
          }}
        >
          <p>{t("sign_in_lead")}</p>
          <Field id="phone" label={t("phone_or_email")}>
            {(ids) => (
              <input
                {...ids}
                autoComplete="tel"
                maxLength={254}
                value={phone}
                onInput={(event) => setPhone(event.currentTarget.value)}
              />
            )}
          </Field>
          <button disabled={busy || phone.trim().length < 6}>{t("send_code")}</button>
        </form>
      )}
    </>
  );
}
