// Every text of the console stands in its dictionary, in both languages, and is used.
import { describe, expect, test } from 'vitest'
import { allOf, english, inLanguage, messages } from './dictionary.ts'
import { consoleSources, hardCodedTexts, namedKeys } from './sources.ts'

const places = (text: string): string[] =>
  [...new Set([...text.matchAll(/\{(\w+)/g)].map(match => match[1] ?? ''))].sort()
const pages = consoleSources.filter(source => !source.path.startsWith('i18n/'))

describe('the dictionary', () => {
  test('has both languages for every message, Chinese in Chinese and English in English', () => {
    const inItsOwnLanguage = new Set(['account.chinese', 'account.english'])
    const words = (text: string) => text.replaceAll(/\{[^}]*\}/g, '')
    const wrong = Object.entries(messages).filter(([key, [zh, en]]) => {
      if (zh.trim() === '' || en.trim() === '') return true
      if (inItsOwnLanguage.has(key) || zh === en) return false
      return /\p{Script=Han}/u.test(en) || (/\p{L}/u.test(words(zh)) && !/\p{Script=Han}/u.test(zh))
    })
    expect(wrong).toEqual([])
  })

  test('has the same places to fill in both languages', () => {
    const unequal = Object.entries(messages).filter(([, [zh, en]]) => places(zh).join() !== places(en).join())
    expect(unequal).toEqual([])
  })

  test('has each message once', () => {
    const texts = consoleSources.filter(source => source.path.startsWith('i18n/'))
    const keys = texts.flatMap(({ text }) => [...text.matchAll(/'([^'\n]+)': \[/g)].map(match => match[1]))
    expect(keys.length).toBe(Object.keys(messages).length)
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([])
  })

  test('has no message that nothing shows', () => {
    const known = new Set(Object.keys(messages))
    const named = pages.map(source => namedKeys(source, known))
    const used = (key: string) =>
      named.some(({ exact, prefixes }) => exact.has(key) || [...prefixes].some(prefix => key.startsWith(prefix)))
    expect([...known].filter(key => !used(key))).toEqual([])
  })

  test('numbers take the word that fits them, amounts every digit they have', () => {
    expect(inLanguage('en')('common.rows', { count: 1 })).toBe('1 row')
    expect(inLanguage('en')('common.rows', { count: 10_000 })).toBe('10,000 rows')
    expect(allOf('zh', ['3 核 CPU', '0.38 GiB 内存'])).toBe('3 核 CPU 和 0.38 GiB 内存')
    expect(allOf('zh', ['机器', '磁盘'])).toBe('机器和磁盘')
    expect(allOf('en', ['3 vCPU', '1 GPU'])).toBe('3 vCPU and 1 GPU')
    expect(english.formatFen('123456789012345678901', 'CNY')).toBe('¥1,234,567,890,123,456,789.01')
    expect(english.formatFen('-5', 'CNY')).toBe('−¥0.05')
    expect(english.formatMicros('500', 'CNY')).toBe('¥0.0005')
    expect(english.formatMicros('30000000', 'CNY')).toBe('¥30.00')
  })
})

describe('the pages', () => {
  test('show no text of their own', () => {
    const found = pages.flatMap(source => hardCodedTexts(source).map(text => `${source.path}: ${text}`))
    expect(found).toEqual([])
  })

  test.each([
    ['between tags', 'export const A = () => <p>Hello there</p>'],
    ['in an attribute', 'export const A = () => <a title="Hello there" />'],
    ['in Chinese, anywhere', "export const a = '你好'"],
  ])('a planted text is caught: %s', (_, text) => {
    expect(hardCodedTexts({ path: 'a.tsx', text })).toHaveLength(1)
  })
})
