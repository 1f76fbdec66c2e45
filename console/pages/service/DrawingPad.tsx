// A sheet to write a digit on: dark ink on white, whatever the theme, since that is what the model reads.
import { Button } from 'antd'
import { type PointerEvent, useEffect, useRef } from 'react'
import { t } from '../../i18n/t.ts'

const size = 280
const pen = 18

interface Props {
  /** The drawing as a PNG after each stroke; null when it is cleared. */
  onDrawn: (picture: Blob | null) => void
}

type Point = [number, number]

function stroke(canvas: HTMLCanvasElement | null, from: Point, to: Point): void {
  const pad = canvas?.getContext('2d')
  if (!pad) return
  pad.strokeStyle = '#111'
  pad.lineWidth = pen
  pad.lineCap = 'round'
  pad.beginPath()
  pad.moveTo(...from)
  pad.lineTo(...to)
  pad.stroke()
}

export function DrawingPad({ onDrawn }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const last = useRef<Point | null>(null)
  const wipe = () => {
    const pad = canvas.current?.getContext('2d')
    if (!pad) return
    pad.fillStyle = '#fff'
    pad.fillRect(0, 0, size, size)
  }
  useEffect(wipe, [])
  const pointOf = (event: PointerEvent<HTMLCanvasElement>): Point => {
    const box = event.currentTarget.getBoundingClientRect()
    return [((event.clientX - box.left) / box.width) * size, ((event.clientY - box.top) / box.height) * size]
  }
  const end = () => {
    if (last.current === null) return
    last.current = null
    canvas.current?.toBlob(onDrawn, 'image/png')
  }
  return (
    <div style={{ display: 'grid', gap: 8, justifyItems: 'start' }}>
      <canvas
        ref={canvas}
        width={size}
        height={size}
        role="img"
        aria-label={t('try.canvas')}
        style={{
          width: size,
          maxWidth: '100%',
          aspectRatio: 1,
          touchAction: 'none',
          cursor: 'crosshair',
          borderRadius: 4,
          border: '1px solid var(--ant-color-border, #d9d9d9)',
        }}
        onPointerDown={event => {
          event.currentTarget.setPointerCapture(event.pointerId)
          last.current = pointOf(event)
          stroke(canvas.current, last.current, last.current)
        }}
        onPointerMove={event => {
          if (last.current === null) return
          const to = pointOf(event)
          stroke(canvas.current, last.current, to)
          last.current = to
        }}
        onPointerUp={end}
        onPointerCancel={end}
      />
      <span className="quiet">{t('try.drawHint')}</span>
      <Button
        size="small"
        onClick={() => {
          wipe()
          onDrawn(null)
        }}
      >
        {t('try.clear')}
      </Button>
    </div>
  )
}
