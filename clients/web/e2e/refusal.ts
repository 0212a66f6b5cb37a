import { create, toBinary } from "@bufbuild/protobuf";
import { ErrorDetailSchema, type ErrorReason } from "../src/client/gen.js";

/** An answer that a test gives in the server's place: a refusal, as Connect says it. */
export function refusal(reason: ErrorReason, metadata: Record<string, string> = {}) {
  const detail = toBinary(ErrorDetailSchema, create(ErrorDetailSchema, { reason, metadata }));
  const value = Buffer.from(detail).toString("base64").replaceAll("=", "");
  const body = {
    code: "permission_denied",
    message: "refused",
    details: [{ type: "ovation.v1.ErrorDetail", value }],
  };
  return { status: 403, contentType: "application/json", body: JSON.stringify(body) };
}

/** An answer with nothing in it. */
export const done = { status: 200, contentType: "application/proto", body: "" };
