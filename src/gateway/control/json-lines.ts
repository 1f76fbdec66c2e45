// Newline-delimited JSON, as gateway and control speak it and as routes are kept on disk.
import { StringDecoder } from 'node:string_decoder'

const lineMax = 256 * 1024 * 1024

/** Splits a stream into lines. Parts are joined once a line is whole, so a long snapshot costs its length only. */
export class LineReader {
  readonly #decoder = new StringDecoder('utf8')
  readonly #onLine: (line: string) => void
  #parts: string[] = []
  #length = 0

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  feed(bytes: Buffer): void {
    let text = this.#decoder.write(bytes)
    for (;;) {
      const end = text.indexOf('\n')
      if (end === -1) break
      this.#parts.push(text.slice(0, end))
      const line = this.#parts.join('')
      this.#parts = []
      this.#length = 0
      text = text.slice(end + 1)
      if (line !== '') this.#onLine(line)
    }
    this.#length += text.length
    if (this.#length > lineMax) throw new Error(`a line is longer than ${lineMax} characters`)
    if (text !== '') this.#parts.push(text)
  }
}

export const toLine = (message: object): string => `${JSON.stringify(message)}\n`
