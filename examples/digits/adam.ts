// Adam (Kingma and Ba, 2014) over a list of parameters.

export interface Parameter {
  values: Float32Array
  /** The sum over the batch; a step uses and clears it. */
  gradient: Float32Array
}

export const parameter = (count: number, value: () => number): Parameter => ({
  values: Float32Array.from({ length: count }, value),
  gradient: new Float32Array(count),
})

export class Adam {
  readonly #parameters: { parameter: Parameter; mean: Float32Array; square: Float32Array }[]
  #steps = 0

  constructor(parameters: readonly Parameter[]) {
    this.#parameters = parameters.map(each => ({
      parameter: each,
      mean: new Float32Array(each.values.length),
      square: new Float32Array(each.values.length),
    }))
  }

  step(rate: number, batchSize: number): void {
    this.#steps++
    const [meanDecay, squareDecay] = [0.9, 0.999]
    const meanScale = 1 / (1 - meanDecay ** this.#steps)
    const squareScale = 1 / (1 - squareDecay ** this.#steps)
    for (const { parameter, mean, square } of this.#parameters) {
      const { values, gradient } = parameter
      for (let at = 0; at < values.length; at++) {
        const g = (gradient[at] as number) / batchSize
        const m = meanDecay * (mean[at] as number) + (1 - meanDecay) * g
        const s = squareDecay * (square[at] as number) + (1 - squareDecay) * g * g
        mean[at] = m
        square[at] = s
        values[at] = (values[at] as number) - (rate * m * meanScale) / (Math.sqrt(s * squareScale) + 1e-8)
      }
      gradient.fill(0)
    }
  }
}
