// An open-loop load: requests leave at their times whether or not the ones before are answered, as callers in the world do,
// and every one is accounted for.
import { Agent, request } from 'node:http'
import type { Clock } from '../../lib/clock.ts'
import { messageOf } from '../../lib/errors.ts'

export interface Picture {
  name: string
  /** What it shows. */
  digit: string
  mediaType: string
  body: Buffer
}

export interface Prediction {
  label: string
  score: number
}

export interface LoadReport {
  requests: number
  /** Not answered with 200, for whatever reason. */
  failed: number
  /** Answered, and the digit was another. */
  wrong: number
  ratePerSecond: number
  medianMs: number
  longestMs: number
  /** The first few reasons. */
  failures: string[]
}

interface Target {
  url: string
  accessKey: string
}

const tickMs = 10
const answerMsMax = 30_000

/** Sends one picture and answers the likeliest digit. */
export function classify(target: Target, picture: Picture, agent: Agent): Promise<Prediction> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: target.accessKey,
      'content-type': picture.mediaType,
      'content-length': picture.body.length,
    }
    const sent = request(target.url, { method: 'POST', agent, headers, timeout: answerMsMax }, response => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', reject)
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString()
        if (response.statusCode !== 200) return reject(new Error(`HTTP ${response.statusCode}: ${text.slice(0, 200)}`))
        const [best] = (JSON.parse(text) as { predictions?: Prediction[] }).predictions ?? []
        if (best) resolve(best)
        else reject(new Error(`the answer has no predictions: ${text.slice(0, 200)}`))
      })
    })
    sent.once('timeout', () => sent.destroy(new Error(`no answer in ${answerMsMax / 1000} s`)))
    sent.once('error', reject)
    sent.end(picture.body)
  })
}

export class OpenLoad {
  readonly #target: Target
  readonly #pictures: readonly Picture[]
  readonly #ratePerSecond: number
  readonly #clock: Clock
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 512 })
  readonly #open = new Set<Promise<void>>()
  readonly #tookMs: number[] = []
  readonly #failures: string[] = []
  #beganMs = 0
  #sent = 0
  #wrong = 0
  #timer: NodeJS.Timeout | null = null

  constructor(target: Target, pictures: readonly Picture[], ratePerSecond: number, clock: Clock) {
    this.#target = target
    this.#pictures = pictures
    this.#ratePerSecond = ratePerSecond
    this.#clock = clock
  }

  /** Answered or failed, so far. */
  get settled(): number {
    return this.#sent - this.#open.size
  }

  start(): void {
    this.#beganMs = this.#clock.monotonicMs()
    this.#timer = setInterval(() => this.#sendDue(), tickMs)
  }

  /** Sends no more, waits for every answer that is still open, and tells. */
  async stop(): Promise<LoadReport> {
    if (this.#timer) clearInterval(this.#timer)
    const ranMs = this.#clock.monotonicMs() - this.#beganMs
    await Promise.all(this.#open)
    this.#agent.destroy()
    const sorted = this.#tookMs.toSorted((a, b) => a - b)
    return {
      requests: this.#sent,
      failed: this.#sent - this.#tookMs.length,
      wrong: this.#wrong,
      ratePerSecond: Math.round((this.#sent * 1000) / ranMs),
      medianMs: Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0),
      longestMs: Math.round(sorted.at(-1) ?? 0),
      failures: this.#failures.slice(0, 5),
    }
  }

  #sendDue(): void {
    const due = Math.floor(((this.#clock.monotonicMs() - this.#beganMs) * this.#ratePerSecond) / 1000)
    while (this.#sent < due) {
      const picture = this.#pictures[this.#sent % this.#pictures.length]
      if (!picture) return
      this.#sent++
      const answered = this.#send(picture).finally(() => this.#open.delete(answered))
      this.#open.add(answered)
    }
  }

  async #send(picture: Picture): Promise<void> {
    const beganMs = this.#clock.monotonicMs()
    try {
      const { label } = await classify(this.#target, picture, this.#agent)
      this.#tookMs.push(this.#clock.monotonicMs() - beganMs)
      if (label !== picture.digit) this.#wrong++
    } catch (error) {
      this.#failures.push(messageOf(error))
    }
  }
}
