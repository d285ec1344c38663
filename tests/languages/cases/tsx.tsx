import React from 'react';

/** A button with a label. */
export const Button: React.FC<Props> = ({ label, onClick }) => {
  const handle = useCallback(() => onClick(label), [label]);
  return <button onClick={handle}>{label}</button>;
};

export default function App() {
  return <Button label="x" />;
}
