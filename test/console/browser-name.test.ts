import { expect, test } from 'vitest'
import { browserName } from '../../console/ui/browser-name.ts'

const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)'

test.each([
  [`Mozilla/5.0 (X11; Linux x86_64) ${webkit} HeadlessChrome/156.0.0.0 Safari/537.36`, 'Chrome 156 · Linux'],
  [
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${webkit} Chrome/155.0.0.0 Safari/537.36 Edg/155.0.0.0`,
    'Edge 155 · Windows',
  ],
  ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:150.0) Gecko/20100101 Firefox/150.0', 'Firefox 150 · macOS'],
  [
    `Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) ${webkit} Version/19.0 Mobile/15E148 Safari/604.1`,
    'Safari 19 · iOS',
  ],
  [`Mozilla/5.0 (Linux; Android 16) ${webkit} Chrome/155.0.0.0 Mobile Safari/537.36`, 'Chrome 155 · Android'],
  ['berth-probe/2', 'berth-probe/2'],
  ['', ''],
])('a browser is named: %s', (userAgent, name) => {
  expect(browserName(userAgent)).toBe(name)
})
