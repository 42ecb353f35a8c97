// What a finding says of a row: its id and its tenant, out of its encoded form.
import { type Leaf, leafOf } from "./leaf.js";

/** The fixed beginning of a row of loom.traces: count, tenant, time, id. */
const tenantAt = 2 + 4;
const idAt = tenantAt + 16 + 4 + 8 + 4;
const uuidBytesCount = 16;

function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export function tenantOf(row: Buffer): string {
  return uuidText(row.subarray(tenantAt, tenantAt + uuidBytesCount));
}

export function idOf(row: Buffer): string {
  return uuidText(row.subarray(idAt, idAt + uuidBytesCount));
}

/** The tenant that the row belonged to when `leaf` was made of it, if nothing but the tenant is different. */
export function findFormerTenant(row: Buffer, leaf: Leaf, tenants: readonly Buffer[]): string | null {
  const other = Buffer.from(row);
  for (const tenant of tenants) {
    other.set(tenant, tenantAt);
    if (leafOf(other) === leaf) return uuidText(tenant);
  }
  return null;
}
