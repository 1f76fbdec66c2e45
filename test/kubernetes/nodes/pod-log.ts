// What a container of the node double has written, as a kubelet answers it: by run, from a time on, with stamps, followed.
import type { ServerResponse } from 'node:http'

interface Line {
  stamp: string
  text: string
}

export class PodLog {
  readonly #runs: Line[][] = [[]]
  readonly #followers = new Set<(line: Line | null) => void>()
  #part = ''
  #last = 0n

  get #current(): Line[] {
    return this.#runs.at(-1) ?? []
  }

  write(chunk: string): void {
    const lines = (this.#part + chunk).split('\n')
    this.#part = lines.pop() ?? ''
    for (const text of lines) this.#add(text)
  }

  /** The container has ended: what stands without a newline is a line. */
  end(): void {
    if (this.#part !== '') this.#add(this.#part)
    this.#part = ''
    for (const follower of this.#followers) follower(null)
    this.#followers.clear()
  }

  restart(): void {
    this.#runs.push([])
  }

  get last(): string {
    return this.#current.at(-1)?.text ?? ''
  }

  /** `running`: whether more is to come, for who follows. */
  answer(query: URLSearchParams, res: ServerResponse, running: boolean): void {
    const run = query.get('previous') === 'true' ? this.#runs.at(-2) : this.#current
    if (run === undefined) {
      res.writeHead(400, { 'content-type': 'text/plain' }).end('previous terminated container not found')
      return
    }
    const since = query.get('sinceTime') ?? ''
    const stamped = query.get('timestamps') === 'true'
    const textOf = ({ stamp, text }: Line): string => (stamped ? `${stamp} ${text}\n` : `${text}\n`)
    const tail = Number(query.get('tailLines') ?? Number.POSITIVE_INFINITY)
    const from = run.filter(({ stamp }) => since === '' || stamp >= since.replace('Z', ''))
    const lines = from.slice(-Math.min(tail, from.length || 1))
    res.writeHead(200, { 'content-type': 'text/plain' })
    const bytes = Number(query.get('limitBytes') ?? Number.POSITIVE_INFINITY)
    const text = Buffer.from(lines.map(textOf).join(''))
    res.write(text.subarray(0, Math.min(bytes, text.length)))
    res.flushHeaders()
    if (query.get('follow') !== 'true' || !running) return void res.end()
    const follower = (line: Line | null): void => void (line === null ? res.end() : res.write(textOf(line)))
    this.#followers.add(follower)
    res.on('close', () => this.#followers.delete(follower))
  }

  #add(text: string): void {
    const line = { stamp: this.#stamp(), text }
    this.#current.push(line)
    for (const follower of this.#followers) follower(line)
  }

  /** Nine digits, as a kubelet writes them, and never the same twice. */
  #stamp(): string {
    const now = BigInt(Date.now()) * 1_000_000n
    this.#last = now > this.#last ? now : this.#last + 1n
    const nanos = String(this.#last % 1_000_000_000n).padStart(9, '0')
    return `${new Date(Number(this.#last / 1_000_000n)).toISOString().slice(0, 19)}.${nanos}Z`
  }
}
