// What a scalar of berth.yaml may be: every one is read as the text that was written (config-schema.ts).
import { isIP } from 'node:net'
import { z } from 'zod'

export const read = <T>(parse: (text: string) => T | null, expected: string) =>
  z.string({ error: `expected ${expected}` }).transform((text, context) => {
    const value = parse(text)
    if (value !== null) return value
    context.issues.push({ code: 'custom', message: `expected ${expected}, got ${JSON.stringify(text)}`, input: text })
    return z.NEVER
  })

export const yesOrNo = read(text => (text === 'true' ? true : text === 'false' ? false : null), 'true or false')

/** An address or a network: `10.0.0.7`, `10.0.0.0/8`, `fd00::/8`. */
export const network = read(text => {
  const [address = '', bits, more] = text.split('/')
  const family = isIP(address)
  const fits =
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) > 0 && Number(bits) <= (family === 4 ? 32 : 128))
  return family !== 0 && fits && more === undefined ? text : null
}, 'an address or a network such as 10.0.0.0/8')
