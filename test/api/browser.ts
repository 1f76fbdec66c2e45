// A browser as far as the API can tell: it keeps cookies, says where a page comes from, and sends the session's csrf.
import type { Clock } from '../../src/lib/clock.ts'
import { type Answer, type Sent, sendTo } from './send.ts'

export class Browser {
  readonly #url: string
  readonly #clock: Clock
  readonly cookies = new Map<string, string>()
  /** As they were last set, with their attributes. */
  setCookies: string[] = []
  csrf = ''

  constructor(api: { url: string; clock: Clock }) {
    this.#url = api.url
    this.#clock = api.clock
  }

  /** As our own page sends it; `headers` of `sent` replace what it would say. */
  async send(method: string, target: string, sent: Sent = {}): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = {
      ...(cookie === '' ? {} : { cookie }),
      ...(method === 'GET' ? {} : { origin: this.#url, 'sec-fetch-site': 'same-origin' }),
      ...(method === 'GET' || this.csrf === '' ? {} : { 'x-berth-csrf': this.csrf }),
      ...sent.headers,
    }
    const given = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''))
    const answer = await sendTo(this.#url, this.#clock, null, method, target, { ...sent, headers: given })
    this.setCookies = [answer.headers['set-cookie'] ?? []].flat()
    for (const line of this.setCookies) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    return answer
  }

  async signIn(account: string, user: string, password: string): Promise<Answer> {
    const answer = await this.send('POST', '/v1/sign-in', { body: { account, user, password } })
    if (answer.status === 200) this.csrf = String(answer.body.csrf)
    return answer
  }
}
