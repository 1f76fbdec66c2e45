// What the auditor checks is said in both languages.
import { expect, test } from 'vitest'
import { allInvariants } from '../../src/insight/invariants.ts'
import { messages } from './dictionary.ts'

const prefix = 'invariant.'

test('every invariant has its words, and no words are of one that is gone', () => {
  const said = Object.keys(messages).filter(key => key.startsWith(prefix))
  expect(said.map(key => key.slice(prefix.length)).sort()).toEqual(allInvariants.map(({ name }) => name).sort())
})
