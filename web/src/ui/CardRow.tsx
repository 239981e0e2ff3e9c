import type { ComponentChildren } from "preact";
import type { Card } from "../api/client";
import { useWords } from "../lib/i18n";
import { Link } from "../lib/router";
import { GOOD, Moment, Status } from "./parts";

/** One case of a list. */
export function CardRow({ card, to, children }: { card: Card; to: string; children?: ComponentChildren }) {
  const t = useWords();
  return (
    <li>
      <Link to={to} class="row">
        <span class="top">
          <Status text={card.status_text} good={GOOD.has(card.status)} />
          {card.late && <Status text={t("late")} late />}
          {card.marked && <Status text={card.marked} late />}
          {children}
        </span>
        <span class="words">{card.excerpt || card.category?.label || t("unsorted")}</span>
        <small>
          {[card.excerpt ? card.category?.label : "", card.area?.name, card.office?.short].filter(Boolean).join(" · ")}
          <br />
          <span class="code-inline">{card.code}</span> · <Moment at={card.filed_at} />
        </small>
      </Link>
    </li>
  );
}
