// What the auditor checks is said in both languages.
import { expect, test } from 'vitest'
import { allInvariants } from '../../src/insight/invariants.ts'
import { messages } from './dictionary.ts'

test('every invariant has its words', () => {
  expect(allInvariants.map(({ name }) => name).filter(name => !(`invariant.${name}` in messages))).toEqual([])
})
