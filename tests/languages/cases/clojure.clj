(ns shop.core
  (:require [clojure.string :as str]))

(def ^:private limit "How many." 5)

(defn ^String add
  "Adds an item."
  [cart item]
  (conj cart "(" item))

(defn- hidden [x] x)
(defmacro twice [& body] `(do ~@body ~@body))
(defprotocol Store (save [this]))
(defrecord Item [name])
(deftest adds-test
  (is (= 1 1)))
#_(comment)
; (defn no [])
