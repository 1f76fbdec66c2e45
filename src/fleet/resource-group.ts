// What a dedicated resource group may be called. A name is at most 27 characters in NFC, shown as typed, and unique in its
// account whatever the case; ids are what everything else refers to, so a name may be used again (Q51, Q52).
import { Refusal } from '../lib/errors.ts'
import type { ChargeType, FleetRefusal } from './machine.ts'

export interface ResourceGroup {
  id: string
  accountId: string
  regionId: string
  name: string
  /** How it was created; it may hold machines of both kinds. */
  kind: ChargeType
  createdAt: Temporal.Instant
  updatedAt: Temporal.Instant
  deletedAt: Temporal.Instant | null
  /** Its ETag. */
  generation: number
}

export const groupNameLengthMax = 27

// Control, format (bidi overrides, zero widths), private, surrogate and line or paragraph separators.
const unprintable = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u

/** The name as it is kept; `field` is what the caller's input calls it. */
export function groupName(typed: string, field: 'name' | 'groupName' = 'name'): string {
  const refuse = (why: string) =>
    new Refusal<FleetRefusal>('InvalidGroupName', `${field} ${why}`, { field, lengthMax: groupNameLengthMax })
  if (!typed.isWellFormed() || unprintable.test(typed))
    throw refuse('holds a control or invisible character: use letters, digits, punctuation and spaces')
  const name = typed.normalize('NFC').trim()
  const length = [...name].length
  if (length === 0) throw refuse('is empty: give 1 to 27 characters')
  if (length > groupNameLengthMax) throw refuse(`has ${length} characters: give 1 to ${groupNameLengthMax}`)
  return name
}

/** Two names with one key are the same name. Upper case first folds ß and ligatures, as Unicode's case folding does. */
export const groupNameKey = (name: string): string => name.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC')
