package main

import (
	"crypto/rand"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// admin is the predefined user with all permissions.
const admin = "admin"

// user is a line of the token file.
type user struct {
	name   string
	groups []string
}

// users is the value of the flag --user.
type users []user

func (u *users) String() string { return "" }

func (u *users) Set(value string) error {
	name, groups, _ := strings.Cut(value, ":")
	if name == "" || name == admin || strings.ContainsAny(name, `/\`) {
		return fmt.Errorf("invalid user name %q: it is also used as a file name, and admin is predefined", name)
	}
	one := user{name: name}
	if groups != "" {
		one.groups = strings.Split(groups, "+")
	}
	*u = append(*u, one)
	return nil
}

// tokens is the token file, with the token of each user.
type tokens struct {
	path   string
	byUser map[string]string
}

// loadTokens updates the token file to the given users. Existing users keep their tokens; users that are no longer
// listed lose theirs.
func loadTokens(state string, requested users) (*tokens, error) {
	t := &tokens{path: filepath.Join(state, "tokens.csv"), byUser: map[string]string{}}
	before, err := readTokens(t.path)
	if err != nil {
		return nil, err
	}
	var rows [][]string
	for _, one := range append(users{{admin, []string{"system:masters"}}}, requested...) {
		token, found := before[one.name]
		if !found {
			token = rand.Text()
		}
		t.byUser[one.name] = token
		// Token, user, uid, groups.
		rows = append(rows, []string{token, one.name, one.name, strings.Join(one.groups, ",")})
	}
	var text strings.Builder
	writer := csv.NewWriter(&text)
	if err := writer.WriteAll(rows); err != nil {
		return nil, err
	}
	return t, os.WriteFile(t.path, []byte(text.String()), 0o600)
}

// readTokens returns the tokens by user name from an earlier run's file; an empty map if there is no file.
func readTokens(path string) (map[string]string, error) {
	known := map[string]string{}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return known, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		known[row[1]] = row[0]
	}
	return known, nil
}
