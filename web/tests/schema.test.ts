// @vitest-environment node
import { readFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";
import { expect, it } from "vitest";

it("the types of the API are what docs/openapi.yaml says: npm run api writes them anew", async () => {
  const made = astToString(await openapiTS(readFileSync(new URL("../../docs/openapi.yaml", import.meta.url))));
  const kept = readFileSync(new URL("../src/api/schema.ts", import.meta.url), "utf8");
  const from = "export interface paths";
  expect(kept.slice(kept.indexOf(from))).toBe(made.slice(made.indexOf(from)));
});
