package slug

import (
	"github.com/moby/buildkit/solver/pb"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Two bytes of a message may become a hundred in memory, so fields are counted
// before anything is decoded. A vertex has some 30 to 60.
const (
	maxFields = 2 << 20
	maxDepth  = 32
	// maxValues bounds the values of the metadata: a step has some 15.
	maxValues = 2 << 20
)

var (
	definitionDescriptor = (&pb.Definition{}).ProtoReflect().Descriptor()
	opDescriptor         = (&pb.Op{}).ProtoReflect().Descriptor()
)

// budget is how many fields may still come.
type budget int

// count takes the fields of a message off the budget, those of messages inside
// too.
func (b *budget) count(data []byte, d protoreflect.MessageDescriptor, depth int) error {
	if depth > maxDepth {
		return bad("its messages are nested deeper than %d", maxDepth)
	}
	for len(data) > 0 {
		num, typ, n := protowire.ConsumeTag(data)
		if n < 0 {
			return bad("its definition is cut off")
		}
		if *b--; *b < 0 {
			return bad("it has more than %d fields", maxFields)
		}
		value := data[n:]
		m := protowire.ConsumeFieldValue(num, typ, value)
		if m < 0 {
			return bad("its definition is cut off")
		}
		data = value[m:]
		field := d.Fields().ByNumber(num)
		if field == nil || field.Message() == nil || typ != protowire.BytesType {
			continue
		}
		inner, _ := protowire.ConsumeBytes(value)
		if err := b.count(inner, field.Message(), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// countJSON bounds the values of a JSON text before it is decoded.
func countJSON(text []byte) error {
	values, inString := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case !inString && (c == ',' || c == '{' || c == '['):
			values++
		}
	}
	if values > maxValues {
		return bad("its metadata has more than %d values", maxValues)
	}
	return nil
}
