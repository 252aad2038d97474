package worker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// maxFrame bounds what one side believes of the other: a plan of 100,000 ops
// is about 60 MB.
const maxFrame = 512 << 20

var errFrameTooLarge = errors.New("frame too large")

// writeFrame sends one message: its length in four bytes, then its bytes.
func writeFrame(w io.Writer, data []byte) error {
	if len(data) > maxFrame {
		return fmt.Errorf("%w: %d bytes", errFrameTooLarge, len(data))
	}
	head := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	if _, err := w.Write(append(head, data...)); err != nil {
		return err
	}
	return nil
}

func readFrame(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxFrame {
		return nil, fmt.Errorf("%w: %d bytes", errFrameTooLarge, n)
	}
	data := make([]byte, n)
	_, err := io.ReadFull(r, data)
	return data, err
}
