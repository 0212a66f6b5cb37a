package attribute

// Len returns the number of attributes.
func (m *Map) Len() int { return len(m.attributes) }

// Changes returns what the plan would change, in the batch's order and still
// without timestamps. Shared: read only.
func (p Plan) Changes() []Change { return p.changes }
