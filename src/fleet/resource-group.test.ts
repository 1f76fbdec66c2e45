import { expect, test } from 'vitest'
import { groupName, groupNameKey } from './resource-group.ts'

test.each([
  ['a', 'a'],
  ['  research  ', 'research'],
  ['视觉推理组', '视觉推理组'],
  ['e\u0301tude', '\u00e9tude'], // NFC
  ['😀'.repeat(27), '😀'.repeat(27)], // Characters, not UTF-16 units.
  ['x'.repeat(27), 'x'.repeat(27)],
  ['a/b "c" <d>', 'a/b "c" <d>'], // Escaped where shown, not forbidden.
])('%j is kept as %j', (typed, kept) => {
  expect(groupName(typed)).toBe(kept)
})

test.each([
  ['nothing', ''],
  ['spaces', '   '],
  ['28 characters', 'x'.repeat(28)],
  ['a NUL', 'a\0b'],
  ['a line break', 'a\nb'],
  ['a bidi override', 'a\u202eb'],
  ['a zero-width space', 'a\u200bb'],
  ['half a character', 'a\ud800'],
  ['a private character', 'a\ue000'],
])('%s is refused', (_, typed) => {
  expect(() => groupName(typed)).toThrow(
    expect.objectContaining({ code: 'InvalidGroupName', details: { field: 'name', lengthMax: 27 } }),
  )
})

test.each([
  ['Research', 'rESEARCH', true],
  ['Straße', 'STRASSE', true],
  ['ﬁle', 'FILE', true],
  ['ΣΑΣ', 'σας', true],
  ['e\u0301', '\u00c9', true],
  ['a', 'а', false], // Latin and Cyrillic: alike to the eye, two names.
])('%s and %s are one name: %s', (a, b, same) => {
  expect(groupNameKey(groupName(a)) === groupNameKey(groupName(b))).toBe(same)
})
