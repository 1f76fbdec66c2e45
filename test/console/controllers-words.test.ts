// Who has what, and what fails, is said in both languages.
import { expect, test } from 'vitest'
import { dutyNames } from '../../src/reconcile/duties.ts'
import { setAsideKinds } from '../../src/reconcile/set-aside.ts'
import { messages } from './dictionary.ts'

test('every duty and every kind of row has its words', () => {
  const keys = [...dutyNames.map(name => `duty.${name}`), ...setAsideKinds.map(kind => `setAside.${kind}`)]
  expect(keys.filter(key => !(key in messages))).toEqual([])
})
