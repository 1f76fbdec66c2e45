// What an account is told is said in both languages.
import { expect, test } from 'vitest'
import { noticeKinds } from '../../src/notices/notice.ts'
import { messages } from './dictionary.ts'

test('every kind of notice has its words', () => {
  expect(noticeKinds.filter(kind => !(`notice.${kind}` in messages))).toEqual([])
})
